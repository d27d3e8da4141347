"""Two pieces of work, timed in turn: the machine's noise hits both, and the ratio of a pair is what counts."""

import gc
import time
from collections.abc import Callable
from statistics import median

Work = Callable[[], object]


def seconds(work: Work) -> float:
    """One run."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(ours: Work, rival: Work, rounds: int = 7) -> str:
    """Medians of both, and the median ratio with its spread, after one round that does not count."""
    seconds(ours), seconds(rival)
    pairs = [(seconds(ours), seconds(rival)) for _ in range(rounds)]
    ratios = sorted(mine / other for mine, other in pairs)
    mine, other = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    spread = f"{median(ratios):6.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"
    return f"{mine * 1e3:9.2f} ms, rival {other * 1e3:9.2f} ms, ratio {spread}"
