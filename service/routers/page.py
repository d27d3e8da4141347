"""A page to play with: static files beside the service, which need no build and nothing from elsewhere."""

import hashlib
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Response

from service.refusals import ProblemUnknown
from workers.immutable import immutable

router = APIRouter(include_in_schema=False)

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Not guessed by `mimetypes`, which asks the machine: a module of another type is not run by any browser."""

_POLICY = "; ".join(
    (
        "default-src 'self'",
        *("object-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
        "require-trusted-types-for 'script'",  # text never becomes markup: the browser refuses `innerHTML`
    )
)
_HEADERS = {
    "Cache-Control": "no-cache",  # kept, but asked for again: modules of two versions must not meet
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",  # the address has the points in it
    "X-Content-Type-Options": "nosniff",
}


@immutable
class _File:
    content: bytes
    headers: dict[str, str]

    def response(self, known: str) -> Response:
        """The file, unless the caller knows this version."""
        if self.headers["ETag"] in known:
            return Response(status_code=304, headers=self.headers)
        return Response(self.content, headers=self.headers)


def _read(path: Path) -> _File:
    content = path.read_bytes()
    # Weak, as the file is the same one when it is sent compressed.
    tag = f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    return _File(content, _HEADERS | {"ETag": tag, "Content-Type": MEDIA_TYPES[path.suffix]})


_FOLDER = Path(__file__).parents[1] / "page"
FILES = {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in MEDIA_TYPES}


@router.api_route("/", methods=["GET", "HEAD"])
async def get_page(if_none_match: Annotated[str, Header()] = "") -> Response:
    """The page itself."""
    return FILES["index.html"].response(if_none_match)


@router.api_route("/page/{name}", methods=["GET", "HEAD"])
async def get_file(name: str, if_none_match: Annotated[str, Header()] = "") -> Response:
    """What the page is made of. Only names that were there at the start exist, so none leads elsewhere."""
    if name not in FILES:
        raise ProblemUnknown("There is nothing at this address.")
    return FILES[name].response(if_none_match)
