"""One training: a network on its way, with its snapshots, which can be put away and taken up again at any step."""

import math
import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.fitting.sample import Sample
from workers.immutable import immutable
from workers.minnorm.errors import Overflow
from workers.minnorm.network import Network
from workers.minnorm.piecewise_linear import PiecewiseLinear
from workers.training.descent import (
    CONVERGED,
    DIVERGED,
    RUNNING,
    Bench,
    Plan,
    State,
    descend,
    differentiate,
    half_squares,
    mean_loss,
    penalty,
    squares,
)
from workers.training.effective import effective
from workers.training.parameters import initial, network, padded
from workers.training.recipe import METHODS, Recipe

Floats = NDArray[np.float64]

SLICE_S = 0.05
"""About so long a call of compiled code takes: nobody who wants an end waits longer."""
_GROWTH = 1e10
"""An objective that has grown so much has diverged."""
_FIXED, _NEURON, _OBSERVATION, _PAIR = 150.0, 10.0, 10.0, 0.25
"""Measured, in ns: what a step takes, and in the sorted kernel a neuron, an observation; in the direct one a pair."""


@immutable
class Point:
    """The numbers of a network in training."""

    objective: float
    loss: float
    parameter_norm: float
    gradient_norm: float


HISTORY = ("step", "objective", "loss", "parameter_norm", "kink_count")


class Rooms:
    """Room to work in, one for each thread: many networks that are trained in turn need no more than a few."""

    def __init__(self, n: int, recipe: Recipe) -> None:
        self._sizes = n, recipe
        self._own = threading.local()

    @property
    def own(self) -> Bench:
        """That of the thread that asks."""
        if not hasattr(self._own, "bench"):
            self._own.bench = bench(*self._sizes)
        found: Bench = self._own.bench
        return found


class Run:
    """The training that begins with one seed. Its steps are taken by one thread; others may look on, or save it.

    Raises `Overflow` where the network cannot be computed with from the start.
    """

    def __init__(
        self, sample: Sample, recipe: Recipe, seed: int, is_sorted: bool | None = None, rooms: Rooms | None = None
    ) -> None:
        self.recipe = recipe
        self.seed = seed
        self.step = 0
        self.status = RUNNING
        self.history = np.empty((0, len(HISTORY)))
        self.frames = list[tuple[int, PiecewiseLinear]]()
        self._lock = threading.Lock()
        self._x = sample.x if sample.x.size == sample.y.size else sample.x[sample.group]
        self._y = sample.y
        self._state = _state(initial(recipe, seed))
        self._rooms = rooms or Rooms(self._x.size, recipe)
        self._seen = np.zeros(1)
        self.plan = plan(recipe, self._x.size, is_sorted)
        start = self.point()
        if not np.isfinite([start.objective, start.gradient_norm]).all():
            raise Overflow("The network is too large to compute with from the start.", "/initialisation/scale")
        self.plan = self.plan._replace(ceiling=_GROWTH * max(start.objective, np.finfo(float).tiny))
        self._began_at = self._seen[0] = start.objective
        self._snapshots = snapshot_steps(recipe)
        self._frames = frame_steps(recipe)
        self._record()

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to do."""
        return self.status != RUNNING or self.step >= self.recipe.steps

    @property
    def objective(self) -> float:
        """As it was last looked at."""
        return float(self._seen[0])

    def go_on(self, stop: threading.Event) -> None:
        """Take steps to the end, or until told to stop."""
        length = 1
        while not self.ended and not stop.is_set():
            with self._lock:
                began = time.perf_counter()
                taken = self.advance(length)
                seconds = time.perf_counter() - began
            if taken == length:  # else a snapshot was in the way
                length = max(1, int(length * min(8.0, SLICE_S / max(seconds, 1e-9))))

    def advance(self, most: int) -> int:
        """Take up to so many steps, but not past the next snapshot; how many."""
        before = self.step
        place = np.searchsorted(self._snapshots, self.step, side="right")
        ahead = self._snapshots[place] if place < self._snapshots.size else self.recipe.steps
        stop = int(min(self.step + most, ahead))
        room = self._rooms.own._replace(seen=self._seen)
        self.step, self.status = descend(self._x, self._y, self.plan, self._state, room, before, stop)
        if self.status == CONVERGED or (self.status == RUNNING and self.step == ahead):
            self._record()
        if self.status == RUNNING and self.step >= self.recipe.steps and self._has_risen():
            self.status = DIVERGED
        if self.status == DIVERGED:
            self._go_back()
        return self.step - before

    def point(self) -> Point:
        """The numbers of the network as it is. O(n m), or O(n + m log n)."""
        theta, room = self._state.theta, self._rooms.own
        differentiate(self._x, self._y, self.plan, theta, room)
        loss = mean_loss(self._y, self.plan.is_logistic, room.values)
        norm = half_squares(theta, 1.0, float(self.recipe.setting.penalise_biases))
        return Point(loss + penalty(self.plan, theta), loss, norm, math.sqrt(squares(room.gradient)))

    @property
    def network(self) -> Network:
        """The network as it is."""
        return network(self._state.theta, self.recipe)

    def function(self) -> tuple[PiecewiseLinear, float]:
        """The function of the network as it is; see `effective`."""
        return effective(self.network, float(self._x[0]), float(self._x[-1]))

    def saved(self) -> dict[str, Any]:
        """All that `resume` needs, as arrays; while steps are taken, between two slices of them."""
        with self._lock:
            kept: dict[str, Any] = {
                "progress": np.array([self.step, self.status]),
                "history": self.history,
                "seen": self._seen.copy(),
            }
            kept |= {name: part.copy() for name, part in self._state._asdict().items()}
            for place, (step, frame) in enumerate(self.frames):
                kept[f"frame.{place}.start"] = np.array([step, frame.x0, frame.y0, frame.slope0])
                kept[f"frame.{place}.kinks"] = np.array([frame.kinks, frame.slope_changes])
            return kept

    def resume(self, kept: Mapping[str, Any]) -> None:
        """Go back to what was saved; every further bit is as if nothing had been between."""
        self.step, self.status = (int(number) for number in kept["progress"])
        self.history = kept["history"]
        self._seen[:] = kept["seen"]
        for name, part in self._state._asdict().items():
            part[:] = kept[name]
        self.frames = []
        while (name := f"frame.{len(self.frames)}.start") in kept:
            step, x0, y0, slope0 = kept[name]
            kinks, changes = kept[name.replace("start", "kinks")]
            self.frames.append((int(step), PiecewiseLinear(x0, y0, slope0, kinks, changes)))

    def _record(self) -> None:
        """Take a snapshot, if one is due at this step; without finite numbers training has diverged."""
        has_converged = self.status == CONVERGED
        if self.step not in self._snapshots and not (has_converged and self._snapshots.size):
            return
        point = self.point()
        if not np.isfinite([point.objective, point.gradient_norm]).all():
            self.status = DIVERGED
            return
        function, _ = self.function()
        row = (self.step, point.objective, point.loss, point.parameter_norm, function.kinks.size)
        self.history = np.vstack((self.history[self.history[:, 0] < self.step], row))
        if self.step in self._frames or (has_converged and self._frames.size):
            self.frames = [frame for frame in self.frames if frame[0] < self.step] + [(self.step, function)]

    def _has_risen(self) -> bool:
        """Whether the objective has ended above where it began, or not as a number at all."""
        return not self.point().objective <= self._began_at

    def _go_back(self) -> None:
        """To the last parameters that were looked at and found well."""
        if not self.point().objective <= self.plan.ceiling:
            self._state.theta[:] = self._state.checked


def snapshot_steps(recipe: Recipe) -> NDArray[np.int64]:
    """The first step, the last one, and between them a geometric progression; fewer where they would coincide."""
    if recipe.snapshots < 2:
        return np.array([recipe.steps][: recipe.snapshots], dtype=np.int64)
    rising = np.geomspace(1.0, recipe.steps, recipe.snapshots - 1) if recipe.snapshots > 2 else np.array([recipe.steps])
    return np.unique(np.append(0, np.rint(rising).astype(np.int64)))


def frame_steps(recipe: Recipe) -> NDArray[np.int64]:
    """Those of the snapshots that have a frame: evenly spread over them, the last one among them."""
    steps = snapshot_steps(recipe)
    chosen = np.linspace(steps.size - 1, 0, min(recipe.frames, steps.size))
    return steps[np.unique(np.rint(chosen).astype(np.int64))]


def cost_ns(n: int, width: int, is_sorted: bool) -> float:
    """About what a step takes."""
    return _FIXED + (_NEURON * width + _OBSERVATION * n if is_sorted else _PAIR * n * width)


def plan(recipe: Recipe, n: int, is_sorted: bool | None = None) -> Plan:
    """The recipe as the loop needs it; the kernel that is faster for so many observations, unless one is asked for."""
    optimiser, setting = recipe.optimiser, recipe.setting
    if is_sorted is None:
        is_sorted = cost_ns(n, recipe.width, True) < cost_ns(n, recipe.width, False)
    return Plan(
        is_sorted=is_sorted,
        is_logistic=recipe.loss == "logistic",
        skip_connection=setting.skip_connection,
        weight_decay=float(recipe.weight_decay),
        bias_decay=float(recipe.weight_decay) if setting.penalise_biases else 0.0,
        method=METHODS.index(optimiser.name),
        has_cosine=optimiser.schedule == "cosine",
        nesterov=optimiser.nesterov,
        steps=recipe.steps,
        step_size=float(optimiser.step_size),
        momentum=float(optimiser.momentum),
        beta1=float(optimiser.beta1),
        beta2=float(optimiser.beta2),
        epsilon=float(optimiser.epsilon),
        tolerance=float(recipe.tolerance),
        ceiling=np.inf,
    )


def _state(theta: Floats) -> State:
    return State(theta, np.zeros_like(theta), np.zeros_like(theta), theta.copy())


def bench(n: int, recipe: Recipe) -> Bench:
    """Room for the loop."""
    room = padded(recipe.width)
    return Bench(
        values=np.zeros(n),
        slopes=np.zeros(n),
        moments=np.zeros(n),
        pulls=np.zeros(2 * room),
        gradient=np.zeros(3 * room + 8),
        boundaries=np.zeros(recipe.width, dtype=np.int64),
        lines=np.zeros((n + 1, 4)),
        seen=np.zeros(1),
    )
