"""Chunks of batches: the lines, and items that must fail alone."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workers import chunks
from workers.chunk_work import ChunkWork
from workers.desk import SEGMENT_S
from workers.driver import NotOurs
from workers.records import WORKER_LOST, Canceled, Claim, JobError, Order, Success, Tally
from workers.runners import NoRunner, Runners
from workers.settings import WorkerSettings

ERROR = JobError("too-few-points", "At least two points are needed.", "/x")
NEIGHBOURS = 20
"""Sound items on each side of a poisonous one."""


class Place:
    """Runners for chunks, and a beat that can be told to stop."""

    def __init__(self) -> None:
        self.settings = WorkerSettings()
        self.runners = Runners(self.settings)
        self.runners.warm()
        self.order = Order.GO_ON
        self.told: list[Mapping[str, Any]] = []
        self.on_beat: Callable[[int], object] = lambda _: None

    def beat(self, progress: Mapping[str, Any] | None) -> Order:
        self.told.append(progress or {})
        self.on_beat(self.told[-1].get("step", 0))
        return self.order

    def run(self, lines: Sequence[bytes], limit_s: float | None = None) -> Success | JobError | Canceled:
        claim = Claim("a", chunks.CHUNK, 1, chunks.join(lines), limit_s)
        return ChunkWork(claim, self.runners, self.beat, self.settings.attempts).run()

    def lines(self, lines: Sequence[bytes], limit_s: float | None = None) -> list[dict[str, Any]]:
        ending = self.run(lines, limit_s)
        assert isinstance(ending, Success)
        return [json.loads(line) for line in ending.result.split(b"\n")]


@pytest.fixture
def grace_s() -> float:
    """So long that what is asked to stop is not killed although the machine halts; `endless` is killed in any case."""
    return 30.0


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, grace_s: float) -> Iterator[Place]:
    settings = {"solver": "tests.workers.kinds", "beat_s": 0.05, "time_limit_s": 60.0, "cancel_grace_s": grace_s}
    for name, value in settings.items():
        monkeypatch.setenv(f"MINNORM_{name.upper()}", str(value))
    place = Place()
    yield place
    place.runners.current.kill()


def echoes(count: int) -> list[bytes]:
    return [chunks.item_line(f"item {number}", "echo", {"number": number}) for number in range(count)]


def counted(file: Path, count: int) -> list[bytes]:
    """Items that leave a mark of their own each time they are computed."""
    problem = {"executions": str(file)}
    return [chunks.item_line(str(number), "count", problem | {"mark": f"{number},"}) for number in range(count)]


def executions(file: Path) -> Counter[str]:
    return Counter(file.read_text().split(",")[:-1])


def test_lines_are_told_apart_by_their_first_bytes() -> None:
    item = chunks.item_line("é\n", "norms", {"x": np.array([0.5, 1.0])})
    assert item == '{"custom_id":"é\\n","kind":"norms","problem":{"x":[0.5,1.0]}}'.encode()
    failed = chunks.failed_line('"', ERROR)
    detail = b'"detail":"At least two points are needed."'
    assert failed == b'{"error":{"code":"too-few-points",%b,"pointer":"/x"},"custom_id":"\\""}' % detail
    answered = chunks.answered_line("error", "optimal", b'{"a":\n1}')
    assert answered == b'{"custom_id":"error","status":200,"outcome":"optimal","result":{"a": 1}}'
    lines = [item, failed, answered]
    assert [chunks.is_failed(line) for line in lines] == [False, True, False]
    assert [chunks.custom_id(line) for line in lines] == ["é\n", '"', "error"]
    assert chunks.split(chunks.join(lines)) == lines
    assert chunks.tally(lines) == Tally(2, 1)
    assert chunks.split(b"") == []


def test_ten_thousand_items_come_back_in_order(place: Place) -> None:
    ending = place.run(echoes(10_000))
    assert isinstance(ending, Success)
    assert (ending.outcome, ending.engine, ending.tally) == ("complete", "test-engine 1", Tally(10_000, 0))
    assert [json.loads(line) for line in ending.result.split(b"\n")] == [
        {"custom_id": f"item {number}", "status": 200, "outcome": "optimal", "result": {"number": number}}
        for number in range(10_000)
    ]


def test_an_empty_chunk(place: Place) -> None:
    assert place.run([]) == Success("complete", b"", "test-engine 1", Tally(0, 0))


def test_the_progress_is_counted_in_items(place: Place, tmp_path: Path) -> None:
    """Each item ends when the one before it has been told, and takes long enough to be sent before the next."""
    gates = [tmp_path / str(number) for number in range(6)]
    place.on_beat = lambda step: gates[step].touch()
    problems = [{"seconds": 1.5 * SEGMENT_S, "gate": str(gate)} for gate in gates]
    place.run([chunks.item_line(str(number), "slow", problem) for number, problem in enumerate(problems[:5])])
    steps = [told["step"] for told in place.told]
    assert steps == sorted(steps)
    assert set(steps) >= {0, 1, 2, 3, 4}
    assert [told["fraction"] for told in place.told] == [step / 5 for step in steps]


@pytest.mark.parametrize(
    ("kind", "code", "pointer"),
    [
        ("refuse", "too-few-points", "/x"),
        ("stumble", "internal-error", ""),
        ("hog", "memory-limit", ""),
        ("no such kind", "internal-error", ""),
    ],
)
def test_an_item_fails_alone(place: Place, kind: str, code: str, pointer: str) -> None:
    pid = place.runners.current.pid
    ending = place.run([*echoes(3), chunks.item_line("bad", kind, {}), *echoes(3)])
    assert isinstance(ending, Success)
    assert ending.tally == Tally(6, 1)
    line = json.loads(ending.result.split(b"\n")[3])
    assert list(line) == ["error", "custom_id"]
    assert (line["error"]["code"], line["error"]["pointer"], line["custom_id"]) == (code, pointer, "bad")
    assert place.runners.current.pid == pid


def test_an_item_that_had_failed_goes_through(place: Place) -> None:
    failed = chunks.failed_line("earlier", ERROR)
    ending = place.run([failed, *echoes(1), failed])
    assert isinstance(ending, Success)
    assert ending.result.split(b"\n")[::2] == [failed, failed]
    assert ending.tally == Tally(1, 2)


@pytest.mark.parametrize("line", [b"no JSON", b"{}", b"[]", b"7", b"\xff"])
def test_a_malformed_item_fails_alone(place: Place, line: bytes) -> None:
    ended = place.lines([*echoes(1), line, *echoes(1)])
    assert ended[0] == ended[2]
    assert ended[1]["error"]["code"] == "internal-error"
    assert ended[1]["custom_id"] == chunks.custom_id(line) == ""


@pytest.mark.parametrize("kind", ["kill", "segfault", "leave"])
def test_an_item_that_kills_its_runner_fails_alone(place: Place, tmp_path: Path, kind: str) -> None:
    sound = counted(tmp_path / "marks", 2 * NEIGHBOURS)
    poison = chunks.item_line("poison", kind, {})
    ending = place.run([*sound[:NEIGHBOURS], poison, *sound[NEIGHBOURS:]])
    assert isinstance(ending, Success)
    assert ending.tally == Tally(2 * NEIGHBOURS, 1)
    lines = chunks.split(ending.result)
    assert lines.pop(NEIGHBOURS) == chunks.failed_line("poison", WORKER_LOST)
    assert [chunks.custom_id(line) for line in lines] == [str(number) for number in range(2 * NEIGHBOURS)]
    times = executions(tmp_path / "marks")
    assert all(times[str(number)] <= 2 for number in range(NEIGHBOURS)), "what was not sent is done again, once"
    assert all(times[str(number)] == 1 for number in range(NEIGHBOURS, 2 * NEIGHBOURS))


def test_an_item_gets_all_its_attempts_and_no_more(place: Place, tmp_path: Path) -> None:
    scar = {"scar": str(tmp_path / "scar")}
    lines = place.lines([*echoes(1), chunks.item_line("once", "kill_once", scar), *echoes(1)])
    assert lines[1] == {"custom_id": "once", "status": 200, "outcome": "optimal", "result": scar}


def test_poison_at_both_ends_and_twice_in_a_row(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    poison = chunks.item_line("poison", "kill", {})
    lines = place.lines([poison, *echoes(1), poison, poison, *echoes(1), poison])
    assert caplog.text.count("goes on without its runner") == 4 * place.settings.attempts
    assert ["error" in line for line in lines] == [True, False, True, True, False, True]


@pytest.mark.parametrize("grace_s", [0.3])
def test_an_endless_item_fails_alone_and_at_once(place: Place, tmp_path: Path) -> None:
    sound = counted(tmp_path / "marks", 2 * NEIGHBOURS)
    endless = chunks.item_line("endless", "endless", {})
    lines = place.lines([*sound[:NEIGHBOURS], endless, *sound[NEIGHBOURS:]], limit_s=0.5)
    assert lines[NEIGHBOURS] == {
        "error": {"code": "time-limit", "detail": "The computation was stopped after 0.5 s.", "pointer": ""},
        "custom_id": "endless",
    }
    assert sum("error" in line for line in lines) == 1
    assert max(executions(tmp_path / "marks").values()) <= 2


def test_a_slow_item_leaves_runner_and_neighbours_in_peace(place: Place, tmp_path: Path) -> None:
    """The limit is for each item: together they take longer."""
    sound, pid = counted(tmp_path / "marks", 3), place.runners.current.pid
    some = [chunks.item_line(str(number), "slow", {"seconds": 0.1}) for number in range(16)]
    slow = chunks.item_line("slow", "slow", {"seconds": 60})
    lines = place.lines([*some, sound[0], slow, sound[1], slow, sound[2]], limit_s=1.5)
    codes = [line.get("error", {}).get("code") for line in lines]
    assert codes == [None] * 17 + ["time-limit", None, "time-limit", None]
    assert place.runners.current.pid == pid
    assert set(executions(tmp_path / "marks").values()) == {1}


@pytest.mark.parametrize(("kind", "grace_s"), [("slow", 30.0), ("endless", 0.3)])
def test_a_chunk_is_cancelled(place: Place, kind: str) -> None:
    pid, place.order = place.runners.current.pid, Order.CANCEL
    assert place.run([*echoes(3), chunks.item_line("long", kind, {"seconds": 60})]) == Canceled()
    place.order = Order.GO_ON
    assert len(place.lines(echoes(2))) == 2
    assert (place.runners.current.pid == pid) == (kind == "slow")


@pytest.mark.parametrize(("order", "stopped"), [(Order.CANCEL, False), (Order.STOP, True)])
def test_an_order_that_comes_while_a_fresh_runner_warms_up(
    place: Place, monkeypatch: pytest.MonkeyPatch, order: Order, *, stopped: bool
) -> None:
    monkeypatch.setenv("TEST_WARM_UP_S", "60")
    place.runners.current.kill()
    place.order = order
    if stopped:
        with pytest.raises(NotOurs):
            place.run(echoes(1))
    else:
        assert place.run(echoes(1)) == Canceled()
    assert place.runners.current.alive, "it gets warm for the next job"


def test_the_lease_is_beaten_for_while_a_fresh_runner_warms_up(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runner gets warm only after ten beats, and each time one dies."""
    beats, gate = Counter[int](), tmp_path / "gate"
    monkeypatch.setenv("TEST_WARM_UP_GATE", str(gate))

    def count(_: int) -> None:
        runner = place.runners.current
        if not runner._greeting.done():
            beats[runner.pid] += 1
            if beats[runner.pid] == 10:
                gate.touch()

    place.on_beat = count
    place.run([*echoes(5), chunks.item_line("poison", "kill", {})])
    assert len([warmed for warmed in beats.values() if warmed >= 10]) == place.settings.attempts


def test_a_machine_without_runners_is_given_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNORM_SOLVER", "no.such.module")
    with pytest.raises(NoRunner):
        place.run([*echoes(1), chunks.item_line("poison", "kill", {})])


def test_the_solver_of_the_service_computes_chunks(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINNORM_SOLVER", "workers.compute")
    place.runners.current.kill()
    columns = {"a": [0, 1], "b": [0], "c": [0, 1]}
    lines = place.lines([chunks.item_line(name, "interpolations", {"x": x, "y": x}) for name, x in columns.items()])
    assert [line["custom_id"] for line in lines] == ["a", "b", "c"]
    assert lines[1]["error"]["code"] == "too-few-points"
    assert lines[0]["result"] == lines[2]["result"]
