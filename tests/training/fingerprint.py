"""`python -m tests.training.fingerprint`: a digest of all bits of some trainings, to be compared between processors."""

import hashlib
from itertools import product

from tests.oracles.training import Method
from tests.training.problems import recipe_of, sample_of, some_objectives
from workers.training.run import Run

METHODS = (
    Method("gradient_descent", 0.05),
    Method("momentum", 0.03, "cosine", 0.8, nesterov=True),
    Method("adam", 0.01, "cosine"),
)


def fingerprint() -> str:
    """Of each setting and loss with each method and kernel."""
    state = hashlib.sha256()
    for (problem, _), method, is_sorted in product(some_objectives(4, 17, 1), METHODS, (False, True)):
        run = Run(sample_of(problem), recipe_of(problem, 21, method, 700, snapshots=0), 5, is_sorted)
        while not run.ended:
            run.advance(700)
        for part in run.saved().values():
            state.update(part.tobytes())
    return state.hexdigest()


if __name__ == "__main__":
    print(fingerprint())  # noqa: T201
