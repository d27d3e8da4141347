"""What several requests have in common."""

from pydantic import Field

from service.columns import Points
from service.schemas.fields import Body, May, Metadata, Positive


class Options(Body):
    """What concerns the job, and not the problem."""

    time_limit_s: May[Positive] = Field(
        default=None,
        description="Longest time that one attempt may compute, if the problem is queued. It then fails; a training "
        "answers with how far it came.",
    )
    metadata: May[Metadata] = Field(default=None, description="Words of the caller's own, kept with the job.")


class Setting(Body):
    """Which parameters count."""

    penalise_biases: bool = Field(
        default=True,
        description="Whether the hidden biases count in the norm. If they do, a kink at x costs sqrt(1 + x^2) times "
        "its slope change, so that the answer depends on the origin and the unit of x; if not, only its slope change.",
    )
    skip_connection: bool = Field(
        default=True,
        description="Whether the network has a straight line `skip_weight x + skip_bias` besides its neurons, which "
        "costs nothing. Without it neurons have to make the line, and it costs.",
    )


class Standardised(Body):
    """Whether abscissae are replaced."""

    standardise: bool = Field(
        default=False,
        description="Replace each x by (x - shift) / scale: mean 0 and standard deviation 1 of the distinct abscissae. "
        "The whole answer then speaks of the new abscissae; `transformation` has both numbers.",
    )


class Observations(Body):
    """Abscissae that may repeat."""

    x: Points = Field(description="Abscissae, dimensionless, in any order. They may repeat.")
