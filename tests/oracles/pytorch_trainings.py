"""Gradients and trained networks by PyTorch, written down for tests, which need no PyTorch then.

`python -m tests.oracles.pytorch_trainings` needs the extra `rivals`. Weight decay is an explicit term of the objective,
differentiated with the rest; optimisers and the cosine schedule are PyTorch's own, in double precision. Parameters are
one vector as in `training`.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch as pytorch

torch: Any = pytorch  # it is not installed where types are checked

FILE = Path(__file__).parents[1] / "data" / "pytorch_trainings.json"
STEPS = 25
STEP_SIZES = {"gradient_descent": 0.05, "momentum": 0.02, "adam": 0.01}
MOMENTUM, BETAS, EPSILON = 0.85, (0.8, 0.95), 1e-7


@dataclass(frozen=True)
class Problem:
    """What is trained, and from where."""

    x: list[float]
    y: list[float]
    loss: str
    weight_decay: float
    penalise_biases: bool
    skip_connection: bool
    theta: list[float] = field(repr=False)

    def objective(self, theta: Any) -> Any:
        """As a function that PyTorch can differentiate."""
        x, y = (torch.tensor(column, dtype=torch.float64) for column in (self.x, self.y))
        width = (len(self.theta) - 2) // 3
        weights, biases, outputs, skip = torch.split(theta, [width, width, width, 2])
        values = torch.relu(x[:, None] * weights + biases) @ outputs
        if self.skip_connection:
            values = values + skip[0] * x + skip[1]
        squares = weights.square().sum() + outputs.square().sum()
        if self.penalise_biases:
            squares = squares + biases.square().sum()
        if self.loss == "squared":
            loss = torch.nn.functional.mse_loss(values, y)
        else:
            loss = torch.nn.functional.softplus(-y * values).mean()
        return loss + 0.5 * self.weight_decay * squares


def problems() -> Iterator[Problem]:
    """Of every setting and loss, with weight decay and without, narrow and wide, some abscissae repeated."""
    random = np.random.default_rng(20260101)
    combinations = product((True, False), (True, False), ("squared", "logistic"), (0.0, 0.03))
    for penalise_biases, skip_connection, loss, weight_decay in combinations:
        n, width = int(random.integers(2, 31)), int(random.integers(1, 41))
        x = random.normal(size=n)
        x[n // 2] = x[0]
        y = random.normal(size=n)
        y = np.sign(y) if loss == "logistic" else y
        theta = random.normal(scale=width**-0.5, size=3 * width + 2)
        theta[3 * width :] *= skip_connection
        columns = x.tolist(), y.tolist()
        yield Problem(*columns, loss, weight_decay, penalise_biases, skip_connection, theta.tolist())


def methods() -> Iterator[dict[str, Any]]:
    """Each optimiser with each schedule."""
    for schedule in ("constant", "cosine"):
        for name, more in (
            ("gradient_descent", {}),
            ("momentum", {"momentum": MOMENTUM, "nesterov": False}),
            ("momentum", {"momentum": MOMENTUM, "nesterov": True}),
            ("adam", {"beta1": BETAS[0], "beta2": BETAS[1], "epsilon": EPSILON}),
        ):
            yield {"name": name, "step_size": STEP_SIZES[name], "schedule": schedule, **more}


def trained(problem: Problem, method: dict[str, Any]) -> list[float]:
    """The parameters after all steps."""
    theta = _parameters(problem)
    size = method["step_size"]
    if method["name"] == "adam":
        betas = method["beta1"], method["beta2"]
        optimiser = torch.optim.Adam([theta], lr=size, betas=betas, eps=method["epsilon"])
    else:
        momentum, nesterov = method.get("momentum", 0.0), method.get("nesterov", False)
        optimiser = torch.optim.SGD([theta], lr=size, momentum=momentum, nesterov=nesterov)
    schedule = None
    if method["schedule"] == "cosine":
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=STEPS)
    for _ in range(STEPS):
        optimiser.zero_grad()
        problem.objective(theta).backward()
        optimiser.step()
        if schedule:
            schedule.step()
    result: list[float] = theta.detach().tolist()
    return result


def _parameters(problem: Problem) -> Any:
    return torch.tensor(problem.theta, dtype=torch.float64, requires_grad=True)


def _described(problem: Problem) -> dict[str, Any]:
    """All that is known of one problem."""
    theta = _parameters(problem)
    value = problem.objective(theta)
    value.backward()
    return {
        **asdict(problem),
        "objective": value.item(),
        "gradient": theta.grad.tolist(),
        "trained": [{"method": method, "theta": trained(problem, method)} for method in methods()],
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    found = [_described(problem) for problem in problems()]
    lines = ",\n".join(json.dumps(problem, separators=(",", ":")) for problem in found)
    FILE.write_text(f'{{"pytorch":"{torch.__version__}","steps":{STEPS},"problems":[\n{lines}\n]}}\n')
