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
