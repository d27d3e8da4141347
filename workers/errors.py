"""What can go wrong between this program and Redis. What is wrong with a problem is in `minnorm.errors`."""


class LedgerError(Exception):
    """Base of all errors of the ledger; each takes one message."""


class JobUnknown(LedgerError):
    """There never was a job of that id, or nobody remembers it."""


class JobExpired(LedgerError):
    """The job has ended, and its record and result have been removed after their retention."""


class ResultUnknown(LedgerError):
    """There is no result of that digest: never was, or not any more."""


class LedgerUnavailable(LedgerError):
    """Redis cannot be reached, does not answer in time, is full or takes no writes; worth trying again."""


class JobBusy(LedgerError):
    """The job or batch has not ended, and what is asked for needs that."""


class JobSucceeded(LedgerError):
    """The job or batch has succeeded, so that there is nothing to do again."""


class KeyReused(LedgerError):
    """An idempotency key that belongs to another request."""


class NoPlace(LedgerError):
    """The work cannot be taken now, but can later."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message, retry_after_s)
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return str(self.args[0])


class QuotaExceeded(NoPlace):
    """The caller has more unfinished work than one caller may have."""


class LedgerFull(NoPlace):
    """The queue, or the memory of Redis, is full."""


class UnsafeServer(LedgerError):
    """The settings of this Redis would lose accepted jobs."""
