"""The header `Prefer` (RFC 7240): `wait=N` and `respond-async`; what is not understood is ignored, as the RFC asks."""

import re

from workers.immutable import immutable

_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?")


@immutable
class Preference:
    """How a caller wants to be answered."""

    wait_s: float | None = None
    respond_async: bool = False

    @classmethod
    def parse(cls, header: str, longest_s: float) -> "Preference":
        """Read the header's value; a wait is cut to `longest_s`."""
        wait_s = None
        respond_async = False
        for part in header.lower().split(","):
            wish = part.partition(";")[0].strip()
            if wish == "respond-async":
                respond_async = True
            elif found := _WAIT.fullmatch(wish):
                wait_s = min(float(found[1]), longest_s)
        return cls(wait_s, respond_async)

    @property
    def at_once(self) -> bool:
        """Whether an immediate answer is welcome: `respond-async` alone asks for a job."""
        return not self.respond_async or self.wait_s is not None

    def applied(self, *, waited: bool, queued: bool) -> dict[str, str]:
        """The header `Preference-Applied`."""
        if self is NO_PREFERENCE:  # as nearly always
            return {}
        told = []
        if self.respond_async and queued:
            told.append("respond-async")
        if self.wait_s is not None and waited:
            told.append(f"wait={self.wait_s:g}")
        return {"Preference-Applied": ", ".join(told)} if told else {}


NO_PREFERENCE = Preference()
