"""What requests and results are made of: functions, networks, certificates, transformations."""

from typing import Annotated

from pydantic import Field

from service.columns import Column
from service.schemas.fields import Answer, Body, May, Number

MOST_POWERS = 32
"""Rows of coefficients: the time that an integral takes grows with their cube."""


class Function(Body):
    """A piecewise-linear function.

    `f(x) = y0 + slope0 (x - x0) + sum_k slope_changes[k] relu(x - kinks[k])`, where `relu(t) = max(t, 0)`.
    """

    x0: Number = Field(description="Where the function starts; of an answer: the smallest abscissa, or its first kink.")
    y0: Number = Field(description="Its value there.")
    slope0: Number = Field(description="Its slope left of all kinks.")
    kinks: Column = Field(description="Where the slope changes, ascending, none left of `x0`.")
    slope_changes: Column = Field(description="By how much it changes, one number a kink.")


class Network(Body):
    """A network with one hidden layer, one input and one output.

    `f(x) = skip_weight x + skip_bias + sum_j output_weights[j] relu(hidden_weights[j] x + hidden_biases[j])`.
    """

    hidden_weights: Column = Field(description="What each neuron multiplies `x` by. Equally many in all three columns.")
    hidden_biases: Column = Field(description="What it adds before the relu.")
    output_weights: Column = Field(description="What it counts for in the sum.")
    skip_weight: Number = Field(
        default=0.0, description="Slope of the skip connection; absent from answers without a skip connection."
    )
    skip_bias: Number = Field(default=0.0, description="Constant of the skip connection; absent like its slope.")


class PiecewisePolynomial(Body):
    """A continuous piecewise polynomial, a spline for instance; a straight line beyond its pieces.

    `f(x) = sum_j coefficients[j][i] (x - breakpoints[i])^(k - 1 - j)` on piece i, for k rows of coefficients: the form
    of SciPy's `PPoly`, whose `x` and `c` these are.
    """

    breakpoints: Column = Field(description="Where the pieces begin and end, ascending: one more than pieces.")
    coefficients: Annotated[list[Column], Field(min_length=1, max_length=MOST_POWERS)] = Field(
        description="One row a power, the highest first; one number a piece in each row."
    )


class Certificate(Body):
    """Evidence that nothing better exists; docs/certificate.md says how to check it, and why that proves it.

    For the objective `norm` the dual is a function q with the given values at the points, linear between them. It says
    what a neuron may gain at most; where it stays within its envelope (`sqrt(1 + x^2)`, or 1 if biases are free) it
    proves the lower bound. For `kinks` and `lp` each value is a part of the bound, and the bound is their sum. For a
    fit, q proves what the norm is at least, given the fitted values, and so with the loss what the objective is.
    """

    dual_values: Column = Field(description="One number for each distinct abscissa, in ascending order.")
    dual_total: May[Number] = Field(
        default=None,
        description="How steep q falls left of all points. Only where biases are penalised and there is no skip "
        "connection; zero if it is left out.",
    )
    slope_multipliers: May[Column] = Field(
        default=None,
        description="Only of fits whose shape is increasing or decreasing: what it costs that no slope may be negative "
        "(positive). One number for the first abscissa, one for each interval, one for the last abscissa.",
    )
    dual_low: May[Column] = Field(
        default=None,
        description="Only of fits, where abscissae are so close that the rounding of the dual values would be felt: "
        "what to add to each of them.",
    )
    lower_bound: May[Number] = Field(
        default=None, description="What the objective of every interpolator (or fit) is at least."
    )
    relative_gap: May[Number] = Field(
        default=None, description="(objective - lower bound) / objective: 1e-15 means proved optimal up to rounding."
    )
    max_residual: May[Number] = Field(
        default=None, description="How far the function misses a point at most. Not for fits, which may miss them."
    )


class Transformation(Answer):
    """How the data were standardised: the answer speaks of `(x - shift) / scale`."""

    shift: float = Field(description="Mean of the distinct abscissae.")
    scale: float = Field(description="Their standard deviation.")
