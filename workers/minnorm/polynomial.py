"""Norms of piecewise polynomials: splines, and all else in the piecewise polynomial form of SciPy's `PPoly`.

The representational cost is an integral over `|f''|`, slope jumps included. Infinitely many neurons are needed to
attain it, unless the function is piecewise linear, so there is no network to return.

Integrals are split at the zeros of `f''`. A zero found wrongly by rounding does no harm: there `f''` is zero within
rounding. They are also split at 0, +-1, +-3, +-9, ...: from the centre of each panel, the branch points `+-i` of
`sqrt(1 + x^2)` are twice its half-width away at least, so this function is analytic in the Bernstein ellipse with
`rho = 3.7`. Gauss-Legendre quadrature with n nodes errs by `O(rho^-2n)` times the integrand's maximum there, which the
polynomial raises by `rho^degree` at most [Trefethen, Approximation Theory and Practice, Theorem 19.3]. With
`n = 16 + degree / 2` nodes that is `rho^-32 < 1e-18`. All terms have one sign, so nothing cancels, however narrow or
wide a piece is and wherever it lies.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workers.immutable import immutable
from workers.minnorm.checks import check_results, column
from workers.minnorm.errors import KinkOrder, LengthMismatch, NotContinuous, Overflow
from workers.minnorm.panels import integrate, split
from workers.minnorm.setting import Setting
from workers.minnorm.weight import weighted_sum

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Line = tuple[float, float]

_ROUNDING = 64.0 * 2.0**-53
_NODES = 16
_GRID = np.array([3.0**k for k in range(606)])
_SPLITS = np.concatenate((-_GRID[::-1], [0.0], _GRID))
_ROOT3 = math.sqrt(3.0)


@immutable
class PiecewisePolynomial:
    """`f(x) = sum_j coefficients[j, i] (x - breakpoints[i])^(k - 1 - j)` on piece i; beyond the pieces affine.

    As in SciPy: `coefficients` has k rows, the highest power first, and one column a piece. Continuous.
    """

    breakpoints: Floats
    coefficients: Floats

    @classmethod
    def from_numbers(cls, breakpoints: ArrayLike, coefficients: Sequence[ArrayLike]) -> "PiecewisePolynomial":
        """Check untrusted numbers.

        Values at a breakpoint agree if they differ by at most 64 units of rounding of the terms they are sums of.
        Raises `NotFinite`, `Overflow`, `LengthMismatch`, `KinkOrder` or `NotContinuous`, with a pointer below the
        function.
        """
        places = column(breakpoints, "/breakpoints")
        if places.size < 2:
            raise LengthMismatch("At least two breakpoints are needed.", "/breakpoints")
        if (wrong := np.flatnonzero(np.diff(places) <= 0.0)).size:
            raise KinkOrder("Breakpoints must ascend strictly.", f"/breakpoints/{wrong[0] + 1}")
        if len(coefficients) == 0:
            raise LengthMismatch("At least one row of coefficients is needed.", "/coefficients")
        rows = [column(row, f"/coefficients/{j}", like=places[1:]) for j, row in enumerate(coefficients)]
        result = cls(places, np.array(rows))
        _check_continuous(result)
        return result


@immutable
class SplineNorm:
    """Representational cost of a piecewise polynomial; it has no network, only ones that come ever closer."""

    representational_cost: float


def _check_continuous(polynomial: PiecewisePolynomial) -> None:
    jumps, sizes = _jumps(*_terms(polynomial, _powers(polynomial, 0)))
    if (wrong := np.flatnonzero(np.abs(jumps) > _ROUNDING * sizes)).size:
        place = polynomial.breakpoints[wrong[0] + 1]
        message = f"The function jumps at {place!s}, where piece {wrong[0] + 1} starts: its norm is infinite."
        raise NotContinuous(message, "/coefficients")


def _powers(polynomial: PiecewisePolynomial, lowered: int) -> Floats:
    """Coefficients of ascending powers of `s = (x - breakpoint) / unit`, over `unit^lowered`. Exact but for range.

    Units are powers of two, and `s` ends between 1/2 and 1.
    """
    ascending = polynomial.coefficients[::-1]
    exponents = np.arange(ascending.shape[0])[:, None] - lowered
    with np.errstate(over="ignore", under="ignore"):
        scaled: Floats = np.ldexp(ascending, exponents * np.frexp(np.diff(polynomial.breakpoints))[1])
    if not np.isfinite(scaled).all():
        raise Overflow("A piece is too wide for its coefficients to compute with.", "/coefficients")
    return scaled


def _slope_powers(polynomial: PiecewisePolynomial) -> Floats:
    """Coefficients of the slope in ascending powers of `s`."""
    powers = _powers(polynomial, 1)
    return np.arange(1, powers.shape[0])[:, None] * powers[1:] if powers.shape[0] > 1 else np.zeros_like(powers)


def _terms(polynomial: PiecewisePolynomial, powers: Floats) -> tuple[Floats, Floats, Floats]:
    """Values at the starts and ends of all pieces, and the sum of the terms' magnitudes at the ends."""
    ends = np.frexp(np.diff(polynomial.breakpoints))[0]
    terms = powers * ends ** np.arange(powers.shape[0])[:, None]
    return powers[0], np.sum(terms, axis=0), np.sum(np.abs(terms), axis=0)


def _jumps(starts: Floats, ends: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """What changes at the inner breakpoints, and the size of the terms it is a difference of."""
    return starts[1:] - ends[:-1], sizes[:-1] + np.abs(starts[1:])


@immutable
class _Curvature:
    """`f''` in panels on which it is a polynomial of one sign and the weight is smooth, and jumps of the slope.

    Panel p is on piece `pieces[p]`, for `s = (x - breakpoint) / unit` from `starts[p]` to `stops[p]`.
    """

    breakpoints: Floats
    units: Floats
    powers: Floats
    pieces: Indices
    starts: Floats
    stops: Floats
    jump_places: Floats
    jumps: Floats
    first_slope: float
    last_slope: float

    def integrals(self, pieces: Indices, starts: Floats, stops: Floats) -> Floats:
        """Over each panel: `f''`, `x f''` and `sqrt(1 + x^2) f''`."""
        nodes, weights = np.polynomial.legendre.leggauss(_NODES + self.powers.shape[1] // 2)
        results = np.empty((3, pieces.size))
        places = self.breakpoints, self.units, self.powers, pieces, starts, stops
        integrate(*places, 0.5 + 0.5 * nodes, 0.5 * weights, results)
        return results


def polynomial_norm(polynomial: PiecewisePolynomial, setting: Setting) -> SplineNorm:
    """Least parameter norm, in the limit, over all networks that represent the function; affine beyond its pieces.

    `int |f''|` and the slope's jumps, weighted by `sqrt(1 + x^2)` when biases are penalised. Without a skip connection
    and with free biases `max(int |f''|, |f'(-inf) + f'(inf)|)`; with penalised ones the dual of `zonotope` is maximised
    in one variable. Jumps of the slope within 64 units of rounding of its terms are none. Raises `Overflow`.

    Notes
    -----
    Accurate to some units of rounding of `int weight sum |terms of f''|`. O(pieces degree^3).

    Examples
    --------
    >>> square = PiecewisePolynomial.from_numbers([0.0, 1.0], [[1.0], [0.0], [0.0]])
    >>> polynomial_norm(square, Setting(penalise_biases=False)).representational_cost
    2.0
    """
    curvature = _curvature(polynomial)
    with np.errstate(over="ignore", invalid="ignore"):  # the result is checked below
        masses, moments, costs = curvature.integrals(curvature.pieces, curvature.starts, curvature.stops)
        if setting.penalise_biases:
            cost = math.fsum(np.abs(costs)) + float(weighted_sum(curvature.jumps, curvature.jump_places))
        else:
            cost = math.fsum(np.abs(masses)) + math.fsum(np.abs(curvature.jumps))
        check_results(cost)
        if not setting.skip_connection:
            if setting.penalise_biases:
                cost += _line_norm(_Turned.of(curvature, masses, moments, _first_line(polynomial, curvature)))
            else:
                cost = max(cost, abs(curvature.first_slope + curvature.last_slope))
    check_results(cost)
    return SplineNorm(cost)


def _first_line(polynomial: PiecewisePolynomial, curvature: _Curvature) -> Line:
    """Slope and value at zero of the line left of all pieces."""
    place, value = float(polynomial.breakpoints[0]), float(polynomial.coefficients[-1, 0])
    return curvature.first_slope, value - curvature.first_slope * place


def _curvature(polynomial: PiecewisePolynomial) -> _Curvature:
    """Split all pieces at the zeros of `f''` and at `_SPLITS`."""
    slope_powers = _slope_powers(polynomial)
    first_slopes, last_slopes, sizes = _terms(polynomial, slope_powers)
    jumps, jump_sizes = _jumps(first_slopes, last_slopes, sizes)
    jumps[np.abs(jumps) <= _ROUNDING * jump_sizes] = 0.0
    fractions, exponents = np.frexp(np.diff(polynomial.breakpoints))
    units = np.ldexp(1.0, exponents)
    # In the variable s: the mass of ds is that of dx.
    powers = np.arange(1, slope_powers.shape[0])[:, None] * slope_powers[1:]
    powers = np.ascontiguousarray(powers.T) if powers.size else np.zeros((units.size, 1))
    most = units.size * powers.shape[1] + _SPLITS.size
    pieces, starts, stops = np.empty(most, dtype=np.int64), np.empty(most), np.empty(most)
    count = split(polynomial.breakpoints, units, fractions, powers, _SPLITS, pieces, starts, stops)
    panels = pieces[:count], starts[:count], stops[:count]
    slopes = float(first_slopes[0]), float(last_slopes[-1])
    return _Curvature(polynomial.breakpoints, units, powers, *panels, polynomial.breakpoints[1:-1], jumps, *slopes)


@immutable
class _Turned:
    """The boundary of the zonotope, which is a curve here: `|f''|` by its place, in panels and in jumps.

    `start` is the line that is left if all that curves downwards faces left.
    """

    curvature: _Curvature
    start: Floats
    edges: Floats
    panels: Floats
    jumps: Floats

    @classmethod
    def of(cls, curvature: _Curvature, masses: Floats, moments: Floats, line: Line) -> "_Turned":
        """Everything that takes part, as columns `(mass, -moment)`, and its running sums."""
        panels = np.stack((masses, -moments))
        jumps = np.stack((curvature.jumps, -curvature.jumps * curvature.jump_places))
        falling = np.concatenate((panels[:, masses < 0.0], jumps[:, curvature.jumps < 0.0]), axis=1)
        start = np.array([math.fsum([line[k], *falling[k]]) for k in range(2)])
        ends = curvature.breakpoints[curvature.pieces] + curvature.units[curvature.pieces] * curvature.stops
        edges = np.concatenate((curvature.breakpoints[:1], ends))
        return cls(curvature, start, edges, _running(panels), _running(jumps))

    def line_beside(self, t: Floats, sign: float) -> Floats:
        """The lines that are left if all left of `t` (sign -1) or right of it (sign 1) is added to `start`."""
        curvature = self.curvature
        panel = np.clip(np.searchsorted(self.edges, t, side="right") - 1, 0, curvature.pieces.size - 1)
        pieces, starts = curvature.pieces[panel], curvature.starts[panel]
        places = (t - curvature.breakpoints[pieces]) / curvature.units[pieces]
        stops = np.clip(places, starts, curvature.stops[panel])
        masses, moments, _ = curvature.integrals(pieces, starts, stops)
        passed = self.panels[:, panel] + np.copysign(1.0, masses) * np.stack((masses, -moments))
        passed += self.jumps[:, np.searchsorted(curvature.jump_places, t)]
        if sign > 0.0:
            passed = self.panels[:, -1:] + self.jumps[:, -1:] - passed
        lines: Floats = self.start[:, None] + passed
        return lines

    def gains(self, t: Floats, sign: float) -> Floats:
        """What the dual `sign (t, 1)`, at the boundary of the ball, proves beyond the cost of the curvature."""
        slopes, intercepts = self.line_beside(t, sign)
        length = _length(t)
        far = np.isinf(t)
        rises = np.where(far, np.copysign(2.0, t), np.where(far, 0.0, t) / length)
        gains: Floats = sign * (rises * slopes + intercepts / length)
        return gains


def _length(t: Floats) -> Floats:
    """By what `(t, 1)` has to be divided to be at the boundary of the ball."""
    return np.maximum(1.0, 0.5 * np.hypot(1.0, t))


def _running(columns: Floats) -> Floats:
    """Sums of the first 0, 1, 2, ... columns, turned upwards."""
    upwards = columns * np.where(columns[:1] < 0.0, -1.0, 1.0)
    return np.concatenate((np.zeros((2, 1)), np.cumsum(upwards, axis=1)), axis=1)


def _line_norm(turned: _Turned) -> float:
    """The least norm of a line that is left, by the dual: 0, or the largest gain over all `z = sign (t, 1)`.

    Beyond the outer breakpoints the line left is the same for all `t`, and the largest gain is along it.
    """
    with np.errstate(divide="ignore"):
        tops = [line[0] / line[1] for line in turned.line_beside(np.array([-np.inf, np.inf]), 1.0).T]
    outer = [top for top in tops if not math.isnan(top)]
    places = np.unique(np.concatenate((turned.edges, [-np.inf, -_ROOT3, _ROOT3, np.inf], outer)))
    return max(0.0, *(_largest_gain(turned, places, sign) for sign in (1.0, -1.0)))


def _largest_gain(turned: _Turned, places: Floats, sign: float) -> float:
    """First the best of some places, then ever closer around it: the value is known to twice the place's digits.

    The gain of `(t, 1)` is concave in `t`, and where it is positive, it has one maximum at the boundary of the ball.
    """
    best = -np.inf
    for _ in range(9):
        gains = turned.gains(places, sign)
        check_results(float(np.max(gains)))
        best = max(best, float(np.max(gains)))
        at = int(np.argmax(gains if best > 0.0 else np.where(np.isinf(places), -np.inf, gains * _length(places))))
        around = places[max(at - 1, 0) : at + 2]
        around = around[np.isfinite(around)]
        if around.size < 2:
            break
        places = np.unique(np.linspace(around[0], around[-1], 65))
    return best
