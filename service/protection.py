"""Headers that tell a browser what it must not do with an answer."""

from collections.abc import Iterable
from functools import cache

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


def missing(path: str, behind_tls: bool, own: Headers) -> Headers:
    """The headers for every answer from this path, but for those that it brings itself."""
    found, present = protective_headers(path, behind_tls), dict(own)
    if found.keys().isdisjoint(present):  # as nearly always
        return found.items()
    return [(name, value) for name, value in found.items() if name not in present]


def protective_headers(path: str, behind_tls: bool) -> dict[bytes, bytes]:
    """Headers for every answer from this path, unless the answer brings its own."""
    return _headers(path.startswith(_DOCUMENTED), bool(scopes_for("GET", path)), behind_tls)


@cache
def _headers(is_documentation: bool, is_private: bool, behind_tls: bool) -> dict[bytes, bytes]:
    found = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "content-security-policy": DOCUMENTATION if is_documentation else API,
    }
    if is_private:
        found["cache-control"] = "no-store"
    if behind_tls:
        found["strict-transport-security"] = f"max-age={YEAR_S}"
    return {name.encode(): value.encode() for name, value in found.items()}
