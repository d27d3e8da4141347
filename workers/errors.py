"""What can go wrong between this program and Redis. What is wrong with a problem is in `minnorm.errors`."""


class LedgerError(Exception):
    """Base of all errors of the ledger; each takes one message."""


class JobUnknown(LedgerError):
    """There never was a job of that id, or nobody remembers it."""


class JobExpired(LedgerError):
    """The job has ended, and its record and result have been removed after their retention."""


class LedgerUnavailable(LedgerError):
    """Redis cannot be reached, does not answer in time, is full or takes no writes; worth trying again."""


class LedgerFull(LedgerUnavailable):
    """Redis has no room for the job and its result."""


class UnsafeServer(LedgerError):
    """The settings of this Redis would lose accepted jobs."""
