"""What the routes are given: the parts of the app, and the responses that every route documents."""

from typing import Annotated, Any

from fastapi import Depends, Header, Request

from service.preferences import Preference
from service.problems import MEDIA_TYPE
from service.queueing import Queue
from service.schemas import Problem
from service.settings import GatewaySettings
from service.solving import Solver


def _settings(request: Request) -> GatewaySettings:
    return request.app.state.settings  # type: ignore[no-any-return]


def _queue(request: Request) -> Queue:
    return request.app.state.queue  # type: ignore[no-any-return]


def _solver(request: Request) -> Solver:
    return request.app.state.solver  # type: ignore[no-any-return]


SettingsOf = Annotated[GatewaySettings, Depends(_settings)]
QueueOf = Annotated[Queue, Depends(_queue)]
SolverOf = Annotated[Solver, Depends(_solver)]


def _preference(
    settings: SettingsOf,
    prefer: Annotated[
        str,
        Header(
            description="`wait=N`: hold the answer up to N seconds for a queued job. `respond-async`: answer with a "
            "job at once, whatever its size."
        ),
    ] = "",
) -> Preference:
    return Preference.parse(prefer, settings.max_wait_s)


PreferenceOf = Annotated[Preference, Depends(_preference)]

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
