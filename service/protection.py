"""Headers that tell a browser what it must not do with an answer."""

from collections.abc import Iterable
from functools import lru_cache

from service.scopes import scopes_for

API = "default-src 'none'; frame-ancestors 'none'"
DOCUMENTATION = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src blob:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Swagger UI and ReDoc start from a script in their page, and set styles; all their files come from here."""
_DOCUMENTED = ("/docs", "/redoc")
YEAR_S = 31_536_000

Headers = Iterable[tuple[bytes, bytes]]


def missing(method: str, path: str, behind_tls: bool, own: Headers) -> Headers:
    """The `protective_headers` of an answer, but for those that it brings itself."""
    found, present = protective_headers(method, path, behind_tls), dict(own)
    if found.keys().isdisjoint(present):  # as nearly always
        return found.items()
    return [(name, value) for name, value in found.items() if name not in present]


@lru_cache(256)
def protective_headers(method: str, path: str, behind_tls: bool) -> dict[bytes, bytes]:
    """Headers for every answer from this path, unless the answer brings its own.

    What a browser shows gets a policy besides. It does not show what is posted here: no form sends JSON or tables.
    """
    found = {"x-content-type-options": "nosniff"}
    if method != "POST":
        policy = DOCUMENTATION if path.startswith(_DOCUMENTED) else API
        found |= {"referrer-policy": "no-referrer", "content-security-policy": policy}
    if scopes_for("GET", path):  # it is a caller's own
        found["cache-control"] = "no-store"
    if behind_tls:
        found["strict-transport-security"] = f"max-age={YEAR_S}"
    return {name.encode(): value.encode() for name, value in found.items()}
