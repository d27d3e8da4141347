"""`make bench`: each figure beside its rival, same work, same run, as a ratio. `--write` makes it a page as well."""

import sys
from pathlib import Path

from tests.benchmarks import (
    free_biases,
    growth,
    interpolation,
    large,
    limits,
    machine,
    norms,
    queue,
    regression,
    requests,
    startup,
    training,
    without_skip,
)
from tests.benchmarks.report import Comparison, Growth, heading, row

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
MODULES = (
    *(interpolation, without_skip, free_biases, regression, training, norms),
    *(requests, large, startup, queue),
)
GROUPS = [module.GROUP for module in MODULES]

TITLE = """# Performance

Written by `python -m tests.benchmarks --write`, which measures it all anew in some minutes. `make bench` prints it."""

METHOD = """Each figure stands beside a rival on the same problem in the same run. Both work in turn; **bold** is the
median of the ratios of these pairs, with the smallest and the largest: noise of the machine hits both, so ratios can be
repeated and times cannot. Below 1 the rival is faster. First calls, which may compile, do not count; short work is
repeated, so that a processor gets used to small data and is faster than on fresh ones. *Gap* is by how much our value
exceeds our lower bound, relative to it; *rival* is the same of the rival's value, negative where its rounding or
tolerance lets it fall short of the bound."""

GROWTH = """## Growth

What claims linear time, at 100,000 and at 1,000,000 points, kinks or pieces, checks and certificate included; the
growth is the ratio of times taken in turn."""


class Page:
    """What has been said so far; it is printed as it is said."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def say(self, *lines: str) -> None:
        """Some lines."""
        print(*lines, sep="\n", flush=True)
        self._lines += lines

    def write(self, path: Path) -> None:
        """All of it."""
        path.write_text("\n".join(self._lines) + "\n")


def measure(page: Page) -> None:
    """All figures."""
    page.say(TITLE, "", f"Measured: {machine.description()}", "", METHOD, "", "## Beside rivals", "")
    page.say(heading(Comparison.HEADERS))
    for group in GROUPS:
        page.say(row((f"**{group.title}**", *[""] * (len(Comparison.HEADERS) - 1))))
        for comparison in group.comparisons():
            page.say(row(comparison.cells))
    page.say("", GROWTH, "", heading(Growth.HEADERS))
    for found in growth.growths():
        page.say(row(found.cells))
    page.say("")
    for line in limits.lines():
        page.say(line)
    page.say("", "## What the figures depend on")
    further = ("Growth", growth.LIMITS), ("Limits", limits.LIMITS)
    for title, words in [*((group.title, group.limits) for group in GROUPS), *further]:
        page.say("", f"### {title}", "", words)


if __name__ == "__main__":
    wanted = sys.argv[1:]
    if wanted not in ([], ["--write"]):
        sys.exit("usage: python -m tests.benchmarks [--write]")
    printed = Page()
    measure(printed)
    if wanted:
        printed.write(PAGE)
