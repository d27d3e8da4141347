"""Pages about problems, for people who follow the `type` of a problem document."""

import hashlib
import html
from base64 import b64encode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from service.kinds import PAGES
from service.refusals import ProblemUnknown
from service.wiring import problems

router = APIRouter(prefix="/problems", tags=["operations"])

_STYLE = """:root{color-scheme:light dark}body{font:1.1rem/1.6 system-ui,sans-serif;max-width:42rem;margin:4rem auto;
padding:0 1rem}code{font-size:1.1em}"""
_DIGEST = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; frame-ancestors 'none'"
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
<h1>{title}</h1>
<p><code>{slug}</code>, status {status}{retry}</p>
<p>{explanation}</p>
<p><a href="/docs">The API</a></p>
</html>
"""


@router.get(
    "/{slug}",
    operation_id="get_problem",
    summary="Read about a kind of problem",
    response_class=HTMLResponse,
    responses=problems(404, 422),
)
async def get_problem(slug: str) -> HTMLResponse:
    """What the problem means and what to do about it."""
    if slug not in PAGES:
        raise ProblemUnknown("There is no kind of problem of that name.")
    kind = PAGES[slug]
    texts = {name: html.escape(getattr(kind, name)) for name in ("title", "slug", "explanation")}
    retry = "; trying again may help" if kind.retryable else ""
    page = _PAGE.format(**texts, status=kind.status, retry=retry, style=_STYLE)
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})
