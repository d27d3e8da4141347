"""Every fault, in a size that can be waited for. `make faults` brings about the same ones in full size."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.faults.catalogue import FAULTS, run, servers
from tests.faults.figures import Fault, Figures

AT_ONCE = 3
"""They mostly wait."""
CASES = [(name, fault) for name in servers() for fault in FAULTS if fault.everywhere or name == next(iter(servers()))]

Runs = dict[tuple[str, str], Future[Figures]]


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    """Those that are asked for, already under way."""
    wanted = {item.name for item in request.session.items}
    with ThreadPoolExecutor(AT_ONCE) as hands:
        yield {
            (name, fault.name): hands.submit(run, fault, servers()[name], fault.short)
            for name, fault in CASES
            if f"test_nothing_is_lost[{name}-{fault.name}]" in wanted
        }


@pytest.mark.parametrize(("name", "fault"), [pytest.param(*case, id=f"{case[0]}-{case[1].name}") for case in CASES])
def test_nothing_is_lost(runs: Runs, name: str, fault: Fault) -> None:
    figures = runs[name, fault.name].result()
    assert figures.good, str(figures)
    if figures.note.startswith("not possible here"):
        pytest.skip(figures.note)
