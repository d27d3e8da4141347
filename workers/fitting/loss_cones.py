"""The losses as rows and costs of a conic program, in units of the objective's size."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.fitting.conic import Columns, Program, Term, sparse
from workers.fitting.losses import Loss, weights_of_labels
from workers.fitting.sample import Sample
from workers.immutable import immutable

Floats = NDArray[np.float64]


@immutable
class Values:
    """Fitted values as they are written: `base + unit M v`, for the columns `v` and a sparse matrix `M` a group."""

    columns: Columns
    matrix: Any
    base: Floats
    unit: float

    def rows_of(self, sample: Sample, group: NDArray[np.int64], signs: Floats) -> Term:
        """Signed values of some groups, in the unit."""
        chosen = sparse().csr_matrix((signs, (np.arange(group.size), group)), shape=(group.size, sample.x.size))
        return self.columns, chosen @ self.matrix


@immutable
class Contact:
    """Rows in which fitted values occur: which group's in each, and the factor of the value."""

    rows: slice
    group: NDArray[np.int64]
    factors: Floats


def add_loss(program: Program, sample: Sample, loss: Loss, values: Values, size: float) -> list[Contact]:
    """Add the mean loss, divided by `size`."""
    if loss.name == "squared":
        return _add_squares(program, sample, values, size)
    if loss.name == "absolute":
        return _add_distances(program, sample, values, size)
    if loss.name == "huber":
        return _add_huber(program, sample, values, size, loss.delta or 1.0)
    return _add_margins(program, sample, loss, values, size)


def slopes_of(contacts: list[Contact], multipliers: Floats, count: int) -> Floats:
    """By how much the loss would fall with the value of each group, in the unit of the loss."""
    slopes = np.zeros(count)
    for contact in contacts:
        np.add.at(slopes, contact.group, contact.factors * multipliers[contact.rows])
    return slopes


def _identity(size: int, factor: float = 1.0) -> Any:
    return sparse().identity(size, format="csr") * factor


def _add_squares(program: Program, sample: Sample, values: Values, size: float) -> list[Contact]:
    """Residuals of the means are variables of their own: written out, their squares would be differences."""
    unit = np.sqrt(size)
    residuals = program.columns(np.zeros(sample.x.size))
    program.squares(residuals, 2.0 * sample.weight_of_groups)
    constants = (values.base - sample.means) / values.unit
    terms = [(values.columns, values.matrix), (residuals, _identity(sample.x.size, -unit / values.unit))]
    rows = program.equal((terms, constants))
    return [Contact(rows, np.arange(sample.x.size), np.full(sample.x.size, 1.0 / values.unit))]


def _add_distances(program: Program, sample: Sample, values: Values, size: float) -> list[Contact]:
    distances = program.columns(sample.weights)
    return _bound(program, sample, values, (distances, size))


def _bound(
    program: Program, sample: Sample, values: Values, distances: tuple[Columns, float], *further: Term
) -> list[Contact]:
    """Distances, a column and its unit, are at least what values and ordinates differ by, less further terms."""
    n = sample.y.size
    contacts = []
    constants = (values.base[sample.group] - sample.y) / values.unit
    for side in (1.0, -1.0):
        terms = [
            (distances[0], _identity(n, distances[1] / values.unit)),
            values.rows_of(sample, sample.group, np.full(n, side)),
            *((columns, side * matrix) for columns, matrix in further),
        ]
        rows = program.nonnegative((terms, side * constants))
        contacts.append(Contact(rows, sample.group, np.full(n, side / values.unit)))
    return contacts


def _add_huber(program: Program, sample: Sample, values: Values, size: float, delta: float) -> list[Contact]:
    """Residuals are the sum of a near part, which costs half its square, and a far one, which costs `delta` a unit."""
    unit = min(np.sqrt(size), delta)
    near = program.columns(np.zeros(sample.y.size))
    program.squares(near, sample.weights * (unit / size * unit))
    far = program.columns(sample.weights)
    taken = (near, _identity(sample.y.size, -unit / values.unit))
    return _bound(program, sample, values, (far, size / delta), taken)


def _add_margins(program: Program, sample: Sample, loss: Loss, values: Values, size: float) -> list[Contact]:
    """Labels of one kind at one abscissa count together."""
    contacts = []
    for label, weights in zip((1.0, -1.0), weights_of_labels(sample), strict=True):
        groups = np.flatnonzero(weights > 0.0)
        if groups.size == 0:
            continue
        margins = values.rows_of(sample, groups, np.full(groups.size, label * values.unit))
        base = label * values.base[groups]
        lost = program.columns(np.zeros(groups.size) if loss.is_hard else weights[groups] / size)
        rows, side = _margin_rows(program, loss, lost, margins, base)
        contacts.append(Contact(rows, groups, np.full(groups.size, side * label)))
    return contacts


def _margin_rows(program: Program, loss: Loss, lost: Columns, margins: Term, base: Floats) -> tuple[slice, float]:
    """Rows for labels of one kind, and the sign of the margins in them."""
    n = base.size
    if loss.name == "logistic":
        return _add_logistic(program, lost, margins, base), -1.0
    if loss.is_hard:
        program.equal(([(lost, _identity(n))], np.zeros(n)))
    else:
        program.nonnegative(([(lost, _identity(n))], np.zeros(n)))
    return program.nonnegative(([(lost, _identity(n)), margins], base - 1.0)), 1.0


def _add_logistic(program: Program, lost: Columns, margins: Term, base: Floats) -> slice:
    """`exp(-t) + exp(-margin - t) <= 1` says that `t` is at least `log(1 + exp(-margin))`; the rows with the margin."""
    n = base.size
    nothing, one = np.zeros(n), np.ones(n)
    first, second = program.columns(nothing), program.columns(nothing)
    less = (lost, _identity(n, -1.0))
    program.exponentials(([less], nothing), ([], one), ([(first, _identity(n))], nothing))
    rows = program.exponentials(
        ([less, (margins[0], -margins[1])], -base), ([], one), ([(second, _identity(n))], nothing)
    )
    program.nonnegative(([(first, _identity(n, -1.0)), (second, _identity(n, -1.0))], one))
    return slice(rows.start, rows.stop, 3)
