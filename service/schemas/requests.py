"""Request bodies, but for those of trainings."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from service.columns import Column, Floats, NumberOrColumn, Points
from service.schemas.fields import Body, May, Number, Positive, refusal
from service.schemas.parts import Certificate, Function, Network, PiecewisePolynomial
from service.schemas.questions import Observations, Options, Setting, Standardised

Objective = Literal["norm", "kinks", "lp"]
RegressionLoss = Literal["squared", "absolute", "huber"]
ClassificationLoss = Literal["hard_margin", "hinge", "logistic"]
ShapeName = Literal["increasing", "decreasing", "convex", "concave"]

MOST_REGULARISATIONS = 1_000
"""Fits that one problem may ask for."""
MOST_FOLDS = 100
Regularisations = Annotated[float | Floats, NumberOrColumn(MOST_REGULARISATIONS)]

_WEIGHTS = "How much each observation counts; they are divided by their sum. Default: all the same."
_HUBER_DELTA = "Only with the loss `huber`, 1 by default: residuals up to this one count squared, larger ones linearly."
_SHAPE = (
    "What the function has to be between the smallest and the largest abscissa; with a skip connection it then is so "
    "on the whole line."
)


# Of several bases the last one's fields come first in the document: what matters most.


class _Points(Body):
    x: Points = Field(description="Abscissae, dimensionless, in any order.")
    y: Points = Field(description="Ordinates. Equal abscissae must have equal ordinates.")


class _Objective(Body):
    objective: Objective = Field(
        default="norm",
        description="What is minimised. `norm`: 1/2 the sum of the squares of the parameters, which is what weight "
        "decay penalises. `kinks`: the number of kinks. `lp`: the sum of (|slope change| sqrt(1 + kink^2))^p, or of "
        "|slope change|^p if biases are free, which favours few kinks; only with a skip connection.",
    )
    p: May[Annotated[Number, Field(gt=0, lt=1)]] = Field(
        default=None, description="The exponent of the objective `lp`: needed there, and only there."
    )


class _Weighted(Body):
    weights: May[Column] = Field(default=None, description=_WEIGHTS)


class RegularisationPath(Body):
    """Regularisations in geometric progression, descending from where the fit begins to pay for anything."""

    count: Annotated[int, Field(ge=2, le=MOST_REGULARISATIONS)] = Field(description="How many.")
    ratio: Annotated[Number, Field(gt=0, lt=1)] = Field(default=1e-4, description="The last one over the first one.")


class CrossValidation(Body):
    """Chooses one of several regularisations by what fits to a part of the observations lose on the rest."""

    folds: Annotated[int, Field(ge=2, le=MOST_FOLDS)] = Field(
        default=5, description="How many parts; each is left out once. At most as many as there are observations."
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(default=0, description="Of the random division into parts.")
    rule: Literal["best", "one_standard_error"] = Field(
        default="best",
        description="`best`: the least mean loss. `one_standard_error`: the largest regularisation whose mean loss is "
        "within one standard error of the least.",
    )


class _Fitted(Body):
    regularisation: May[Regularisations] = Field(
        default=None,
        description="What the norm counts for beside the mean loss: a number, or a list of them, which leads to a "
        "fit for each. What is minimised is `mean loss + regularisation * norm`.",
    )
    path: May[RegularisationPath] = Field(default=None, description="In place of `regularisation`: a list made here.")
    cross_validation: May[CrossValidation] = Field(
        default=None, description="Chooses one of the list; the chosen fit is then the answer, beside the others."
    )
    shape: list[ShapeName] = Field(default=[], max_length=4, description=_SHAPE)
    gap: Annotated[Number, Field(ge=1e-12, le=1e-2)] = Field(
        default=1e-8, description="The relative gap up to which a fit is to be proved the best."
    )


class _Explanation(Body):
    explain: May[bool] = Field(
        default=None,
        description="Whether the answer lists the runs of points that curve the same way. Default: up to 1,000 points.",
    )


class _Measured(Body):
    function: May[Function] = None
    network: May[Network] = None
    piecewise_polynomial: May[PiecewisePolynomial] = None


class _Claims(Body):
    function: May[Function] = None
    network: May[Network] = Field(
        default=None, description="Has to compute the same as `function`, if both are given, and to attain `norm`."
    )
    certificate: May[Certificate] = None
    norm: May[Number] = Field(default=None, description="Claimed representational cost of the function in the setting.")
    objective_value: May[Number] = Field(default=None, description="Claimed value of what is minimised.")
    kink_count: May[Annotated[int, Field(ge=0)]] = Field(default=None, description="Claimed number of kinks.")
    tolerance: May[Annotated[Number, Field(ge=0)]] = Field(
        default=None,
        description="Largest residual that counts as interpolation; default: 64 units of rounding of the data's scale. "
        "Of a fit: by how much it may violate margins and shape, and differ from the network beside it.",
    )


class _Fit(Body):
    loss: May[RegressionLoss | ClassificationLoss] = Field(
        default=None,
        description="Given for a fit, which need not interpolate: what it is judged by. Without it the claims are "
        "about an interpolation, where none of the next fields has a place.",
    )
    huber_delta: May[Positive] = Field(default=None, description=_HUBER_DELTA)
    regularisation: May[Positive] = Field(
        default=None,
        description="What the norm counts for beside the mean loss. Needed with each loss but `hard_margin`.",
    )
    weights: May[Column] = Field(default=None, description=_WEIGHTS)
    shape: May[Annotated[list[ShapeName], Field(max_length=4)]] = Field(default=None, description=_SHAPE)
    loss_value: May[Number] = Field(default=None, description="Claimed mean loss of the function.")


class InterpolationRequest(Options, _Explanation, Standardised, _Objective, Setting, _Points):
    """Points, and what the best function or network through them is to be best at."""


class NormRequest(Options, Setting, _Measured):
    """A function, a network or a piecewise polynomial: exactly one of them."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "NormRequest":
        given: list[Any] = [self.function, self.network, self.piecewise_polynomial]
        if given.count(None) != 2:
            raise PydanticCustomError("exactly_one", "give exactly one of function, network and piecewise_polynomial")
        return self


class RegressionRequest(Options, Standardised, _Fitted, Setting, _Weighted, Observations):
    """Observations, and what the function through their midst is to be best at."""

    y: Points = Field(description="Ordinates. Equal abscissae may have different ones.")
    loss: RegressionLoss = Field(
        default="squared",
        description="Of a residual r. `squared`: r^2. `absolute`: |r|. `huber`: r^2/2 up to `huber_delta`, and then "
        "huber_delta (|r| - huber_delta/2).",
    )
    huber_delta: May[Positive] = Field(default=None, description=_HUBER_DELTA)

    @model_validator(mode="after")
    def _how_much(self) -> "RegressionRequest":
        _check_regularised(self)
        return self


class ClassificationRequest(Options, Standardised, _Fitted, Setting, _Weighted, Observations):
    """Labelled observations, and what the function that separates them is to be best at."""

    y: Points = Field(description="Labels: -1 or 1.")
    loss: ClassificationLoss = Field(
        default="hard_margin",
        description="Of the margin m = y f(x). `hard_margin`: the least norm with m >= 1 for all observations; without "
        "`regularisation`. `hinge`: max(0, 1 - m). `logistic`: log(1 + exp(-m)).",
    )

    @model_validator(mode="after")
    def _how_much(self) -> "ClassificationRequest":
        if self.loss == "hard_margin":
            for name in ("regularisation", "path", "cross_validation"):
                if getattr(self, name) is not None:
                    raise refusal("extra_forbidden", "There is nothing to regularise with a hard margin", name)
        else:
            _check_regularised(self)
        return self


def _check_regularised(fitted: _Fitted) -> None:
    """One regularisation, or several in one of two forms; only several can be chosen from."""
    if fitted.regularisation is None and fitted.path is None:
        raise refusal("missing", "Give regularisation or path", "regularisation")
    if fitted.regularisation is not None and fitted.path is not None:
        raise refusal("extra_forbidden", "Give regularisation or path, not both", "path")
    if fitted.cross_validation is not None and isinstance(fitted.regularisation, float):
        raise refusal("extra_forbidden", "There is one regularisation only, so no choice", "cross_validation")


class VerificationRequest(Options, Standardised, _Fit, _Objective, Setting, _Claims, _Points):
    """Data, a question about them, and anything that is claimed to be its answer."""

    y: Points = Field(description="Ordinates or labels. Equal abscissae must have equal ones, unless `loss` is given.")

    @model_validator(mode="after")
    def _something_claimed(self) -> "VerificationRequest":
        if self.function is None and self.network is None and self.certificate is None:
            raise PydanticCustomError("nothing_claimed", "give a function, a network or a certificate")
        return self

    @model_validator(mode="after")
    def _one_question(self) -> "VerificationRequest":
        if self.loss is None:
            self._check_interpolation()
        elif self.objective != "norm":
            raise refusal("extra_forbidden", "A fit has the objective that its loss says", "objective")
        elif self.p is not None:
            raise refusal("extra_forbidden", "Only for the objective lp", "p")
        elif (self.loss == "hard_margin") != (self.regularisation is None):
            raise refusal("regularisation", "Needed with each loss but hard_margin, and only there", "regularisation")
        return self

    def _check_interpolation(self) -> None:
        for name in _Fit.model_fields:
            if getattr(self, name) is not None:
                raise refusal("extra_forbidden", "Only for fits, which have a loss", name)
        for name in ("slope_multipliers", "dual_low"):
            if self.certificate is not None and getattr(self.certificate, name) is not None:
                raise refusal("extra_forbidden", "Only for fits, which have a loss", "certificate", name)
