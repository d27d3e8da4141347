"""What can be wrong with a problem. Knows no HTTP; each error takes one message, so it survives any queue."""


class MinnormError(Exception):
    """Base of all errors about the caller's problem."""

    code = "invalid-problem"

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer
        """JSON pointer (RFC 6901) into the request to the offending value; empty for the whole request."""


class TooFewPoints(MinnormError):
    """Fewer than two distinct abscissae."""

    code = "too-few-points"


class ConflictingValues(MinnormError):
    """One abscissa with two different ordinates."""

    code = "conflicting-values"


class NotFinite(MinnormError):
    """A number that is infinite or not a number."""

    code = "not-finite"


class LengthMismatch(MinnormError):
    """Columns that should be equally long are not."""

    code = "length-mismatch"


class Overflow(MinnormError):
    """The data are finite, but a slope, a curvature or the norm does not fit in a double."""

    code = "overflow"


class Unsupported(MinnormError):
    """A setting of the problem that is defined, but not offered."""

    code = "unsupported-setting"


class KinkOrder(MinnormError):
    """Kinks that are not ascending, or left of `x0`."""

    code = "kink-order"


class NoSkipConnection(MinnormError):
    """Parameters of a skip connection where the problem says that there is none."""

    code = "no-skip-connection"


class NotContinuous(MinnormError):
    """A function that jumps: no network represents it, so its norm is infinite."""

    code = "not-continuous"


class WrongExponent(MinnormError):
    """An exponent `p` that is missing, out of place, or not between 0 and 1."""

    code = "wrong-exponent"


class TooManyPoints(MinnormError):
    """More points than a method that is not linear can take."""

    code = "too-many-points"


class NotPositive(MinnormError):
    """A weight, a regularisation or another number that has to be above zero."""

    code = "not-positive"


class OutOfRange(MinnormError):
    """A number that is not between the limits of what is offered."""

    code = "out-of-range"


class WrongLabel(MinnormError):
    """A label that is neither -1 nor 1."""

    code = "wrong-label"


class WrongRegularisation(MinnormError):
    """A regularisation that is missing, or out of place: a hard margin has none."""

    code = "wrong-regularisation"


class WrongDelta(MinnormError):
    """A `huber_delta` that is out of place: only the Huber loss has one."""

    code = "wrong-huber-delta"


class ContradictoryShapes(MinnormError):
    """Shapes of which only a constant or a line has both."""

    code = "contradictory-shapes"


class NoMinimum(MinnormError):
    """An objective that decreases for ever: its infimum is attained by no function."""

    code = "no-minimum"
