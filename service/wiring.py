"""What the routes are given: the parts of the app, and the responses that every route documents."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from service.preferences import Preference
from service.problems import MEDIA_TYPE
from service.queueing import Queue
from service.schemas import Problem
from service.settings import GatewaySettings
from service.solving import Solver


@dataclass(frozen=True)
class Call:
    """What a route needs besides its body: the parts of the app, and how the caller wants to be answered."""

    settings: GatewaySettings
    queue: Queue
    solver: Solver
    preference: Preference


async def _call(
    request: Request,
    prefer: Annotated[
        str,
        Header(
            description="`wait=N`: hold the answer up to N seconds for a queued job. `respond-async`: answer with a "
            "job at once, whatever its size."
        ),
    ] = "",
) -> Call:
    # One coroutine: each dependency costs as much as solving a small problem, a plain function a thread besides.
    parts = request.app.state
    preference = Preference.parse(prefer, parts.settings.max_wait_s)
    return Call(parts.settings, parts.queue, parts.solver, preference)


async def _parts(request: Request) -> Call:
    return await _call(request)


CallOf = Annotated[Call, Depends(_call)]
"""For routes that take the header `Prefer`."""

PartsOf = Annotated[Call, Depends(_parts)]
"""For all others."""

_PROBLEMS = {
    400: "The body is not JSON",
    404: "Unknown",
    409: "Not finished yet",
    410: "Expired: removed after its retention",
    413: "The body is too large",
    415: "The body is not application/json",
    422: "The request is understood, but something in it is wrong; `errors` names the places",
    500: "A defect of this service",
    503: "Redis does not answer; try again after `Retry-After` seconds",
}

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """Documentation of the problem documents that a route can answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
    return {status: {"description": _PROBLEMS[status], "content": content} for status in statuses}


BODY_PROBLEMS = problems(400, 413, 415, 422, 500)
QUEUE_PROBLEMS = problems(503)
