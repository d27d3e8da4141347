"""Pages about problems, for people who follow the `type` of a problem document."""

import html

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from service.problems import PAGES, ProblemUnknown
from service.wiring import problems

router = APIRouter(prefix="/problems", tags=["operations"])

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>:root{{color-scheme:light dark}}body{{font:1.1rem/1.6 system-ui,sans-serif;max-width:42rem;margin:4rem auto;
padding:0 1rem}}code{{font-size:1.1em}}</style>
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
    return HTMLResponse(_PAGE.format(**texts, status=kind.status, retry=retry))
