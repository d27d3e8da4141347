"""Steps of full-batch gradient descent beside the same loop in PyTorch, and one kernel beside the other."""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks import data
from tests.benchmarks.pairs import compare
from tests.benchmarks.report import Comparison, Group
from workers.fitting.sample import Sample
from workers.minnorm.setting import Setting
from workers.training.parameters import initial, unpacked
from workers.training.recipe import Optimiser, Recipe
from workers.training.run import Run

Floats = NDArray[np.float64]
ENDLESS = 10**9
SAME = 1e-9
"""So close the parameters of both sides have to be after the steps of one call, or they did not do the same."""


LIMITS = """
A step is a full gradient and an update, plain gradient descent with weight decay, in double precision. Ours is the loop
that a job runs, on one thread: several seeds take one each. PyTorch uses two threads on many points; on five they only
slow it down. *Autograd* is the usual loop with its SGD; *by hand* is the gradient written out in matrix products on
memory that is used again, without autograd, which few would write. On five points PyTorch's time is that of its calls,
and the arithmetic hardly counts. On many points its matrices, one number an observation and neuron, do not fit in the
caches; the direct kernel makes the same number of multiplications without storing any of them, and the sorted kernel
does not make them at all. *Apart* is the largest difference between parameters, beside the longest way that one went.
""".strip()


@dataclass(frozen=True)
class Loop:
    """A training on its way."""

    take: Callable[[int], object]
    """Takes so many steps."""
    parameters: Callable[[], Floats]
    """Where it is."""


@dataclass(frozen=True)
class Problem:
    """What is trained, and how many steps make a call."""

    name: str
    sample: Sample
    recipe: Recipe
    steps: int
    threads: int
    """Of PyTorch: as many as help it."""

    def ours(self, is_sorted: bool | None = None) -> Loop:
        """As a job runs it, with one of the kernels; unless told, with the one that it would choose."""
        run = Run(self.sample, self.recipe, 0, is_sorted)

        def parameters() -> Floats:
            network = run.network
            return np.concatenate((network.hidden_weights, network.hidden_biases, network.output_weights))

        return Loop(run.advance, parameters)

    def start(self) -> Floats:
        """The parameters that all start from, without a skip pair."""
        return np.concatenate(unpacked(initial(self.recipe, 0), self.recipe.width)[:3])


def comparisons() -> Iterator[Comparison]:
    """PyTorch's rows are left out where it is not installed."""
    problems = (_reference(), _large())
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed; `make bench` installs it, so does the extra `rivals`.", file=sys.stderr)
    else:
        for problem in problems:
            yield _beside("PyTorch, autograd", problem, None, autograd)
            yield _beside("PyTorch, by hand", problem, None, by_hand)
        yield _beside("PyTorch, by hand", problems[1], False, by_hand)
    for problem in problems:
        yield _beside("the direct kernel", problem, True, lambda problem: problem.ours(False))


def _beside(rival: str, problem: Problem, is_sorted: bool | None, theirs: Callable[[Problem], Loop]) -> Comparison:
    steps, first, second = problem.steps, problem.ours(is_sorted), theirs(problem)
    start = first.parameters()
    first.take(steps)
    second.take(steps)
    way = np.max(np.abs(first.parameters() - start))
    apart = np.max(np.abs(first.parameters() - second.parameters())) / way
    if not apart <= SAME:
        raise AssertionError(f"After the same steps the parameters of {rival} are {apart} apart.")
    times = compare(lambda: first.take(steps), lambda: second.take(steps), rounds=5, parts=(steps, steps))
    kernel = "" if is_sorted is None else f", {'sorted' if is_sorted else 'direct'} kernel"
    accuracy = f"{apart:.1e} apart after {steps:,} steps"
    return Comparison(f"{problem.name}{kernel}, a step", rival, times, accuracy)


def _reference() -> Problem:
    """The experiment of Boursier and Flammarion."""
    sample = Sample.from_observations([-1.5, -1.0, 0.0, 0.25, 2.0], [0.7, -0.3, -0.3, 0.4, 0.2])
    return Problem("n = 5, 200 neurons", sample, _recipe(200, 0.05), 200, threads=1)


def _large() -> Problem:
    sample = Sample.from_observations(*data.noisy_sine(2_000))
    return Problem("n = 2,000, 10,000 neurons", sample, _recipe(10_000, 1e-3), 3, threads=2)


def _recipe(width: int, step_size: float) -> Recipe:
    setting = Setting(skip_connection=False)
    return Recipe(width, 1e-3, ENDLESS, setting, optimiser=Optimiser(step_size=step_size), snapshots=0)


def autograd(problem: Problem) -> Loop:
    """The usual loop."""
    torch, x, y, parameters = _in_pytorch(problem)
    weights, biases, outputs = (part.requires_grad_() for part in parameters)
    decay = problem.recipe.weight_decay
    optimiser = torch.optim.SGD([weights, biases, outputs], lr=problem.recipe.optimiser.step_size)

    def take(steps: int) -> None:
        for _ in range(steps):
            optimiser.zero_grad()
            values = torch.relu(x[:, None] * weights + biases) @ outputs
            squares = weights.square().sum() + biases.square().sum() + outputs.square().sum()
            objective = torch.nn.functional.mse_loss(values, y) + 0.5 * decay * squares
            objective.backward()
            optimiser.step()

    return Loop(take, lambda: np.concatenate([part.detach().numpy() for part in parameters]))


def by_hand(problem: Problem) -> Loop:
    """The gradient written out; nothing of the size of all pairs is allocated."""
    torch, x, y, (weights, biases, outputs) = _in_pytorch(problem)
    n, width = x.numel(), weights.numel()
    step_size = problem.recipe.optimiser.step_size
    kept = 1.0 - step_size * problem.recipe.weight_decay
    hidden, active = torch.empty(n, width, dtype=torch.float64), torch.empty(n, width, dtype=torch.float64)
    with_ones, inner = torch.stack((x, torch.ones_like(x)), 1), torch.stack((weights, biases))
    shares = torch.stack((x, torch.ones_like(x))) * (2.0 * step_size / n)

    def take(steps: int) -> None:
        with torch.no_grad():
            for _ in range(steps):
                torch.mm(with_ones, inner, out=hidden)
                hidden.clamp_min_(0.0)
                torch.sign(hidden, out=active)
                residuals = torch.mv(hidden, outputs).sub_(y)
                pulls = torch.mm(shares * residuals, active)
                change = torch.mv(hidden.t(), residuals * shares[1])
                inner.mul_(kept).sub_(pulls.mul_(outputs))
                outputs.mul_(kept).sub_(change)

    return Loop(take, lambda: np.concatenate((inner.numpy().ravel(), outputs.numpy())))


def _in_pytorch(problem: Problem) -> tuple[Any, Any, Any, list[Any]]:
    """PyTorch, the observations and the parameters to start from."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(problem.threads)
    x, y = problem.sample.x[problem.sample.group], problem.sample.y
    parts = np.split(problem.start(), 3)
    return torch, torch.from_numpy(x), torch.from_numpy(y), [torch.tensor(part) for part in parts]


GROUP = Group("Training", LIMITS, comparisons)
