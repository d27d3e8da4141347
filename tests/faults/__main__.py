"""`make faults`: everything that can go wrong, brought about in full size; one line a fault."""

import argparse
import logging
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.faults.catalogue import FAULTS, run, servers

FOUND = servers()


def main() -> int:
    """Run what was asked for; 1 if anything was lost, doubled or stuck."""
    parser = argparse.ArgumentParser(prog="tests.faults", description=__doc__)
    parser.add_argument("--server", choices=[*FOUND, "both"], default="both")
    parser.add_argument("--short", action="store_true", help="the sizes of `make test`")
    parser.add_argument("--at-once", type=int, default=1, help="faults that are brought about at the same time")
    parser.add_argument("only", nargs="*", help="parts of the names of faults; all if there are none")
    wanted = parser.parse_args()
    logging.getLogger("workers").setLevel(logging.CRITICAL)  # bells that cannot be rung are expected here
    tasks = [
        (name, fault)
        for name in (FOUND if wanted.server == "both" else [wanted.server])
        for fault in FAULTS
        if not wanted.only or any(part in fault.name for part in wanted.only)
    ]
    bad = 0
    with ThreadPoolExecutor(wanted.at_once) as hands:
        runs = [
            hands.submit(run, fault, FOUND[name], fault.short if wanted.short else fault.long) for name, fault in tasks
        ]
        for (name, fault), future in zip(tasks, runs, strict=True):
            figures = future.result()
            bad += not figures.good
            print(f"{name:7}{fault.name:26}{'   ' if figures.good else 'BAD'} {figures}", flush=True)  # noqa: T201
    print(f"{len(tasks)} faults, {bad} of them bad")  # noqa: T201
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
