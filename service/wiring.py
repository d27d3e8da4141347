"""What the routes are given: the parts of the app, and the responses that every route documents."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from service.formats.forms import dressed, wanted
from service.headers import headers_of, state_of
from service.preferences import NO_PREFERENCE, Preference
from service.problems import MEDIA_TYPE
from service.queueing import Queue
from service.schemas.faults import Problem
from service.schemas.fields import Body
from service.settings import GatewaySettings
from service.solving import Solver
from service.terms import DURATION, LONGEST_HEADER, Terms, caller_of, terms_of, with_options
from workers import tracing
from workers.immutable import immutable
from workers.records import Origin


@immutable
class Call:
    """What a route needs besides its body: the parts of the app, and how the caller wants to be answered."""

    request: Request
    terms: Terms

    @property
    def settings(self) -> GatewaySettings:
        """Those of this app."""
        found: GatewaySettings = self.request.app.state.settings
        return found

    @property
    def solver(self) -> Solver:
        """Decides where a problem is solved."""
        found: Solver = self.request.app.state.solver
        return found

    @property
    def queue(self) -> Queue:
        """The queue, as the caller may see it."""
        queue: Queue = self.request.app.state.queue
        # Without authentication whoever knows the id of a job has it: nobody can guess one.
        return queue.of(self.terms.caller) if self.settings.authentication == "on" else queue

    @property
    def scopes(self) -> tuple[str, ...] | None:
        """Those of the caller's key; None with authentication off."""
        return state_of(self.request.scope).get("scopes")

    async def answer(self, kind: str, body: Body) -> Response:
        """Solve what a body asks for, at once or in the queue."""
        form, problem = wanted(self.request, kind), body.problem()
        reply = await self.solver.answer(kind, problem, with_options(self.terms, body.options()))
        return await dressed(reply, form, kind, problem)

    async def validate(self, kind: str, body: Body) -> Response:
        """Say what would be done with it."""
        return await self.solver.validate(kind, body.problem(), with_options(self.terms, body.options()))

    async def answer_here(self, kind: str, body: Body) -> Response:
        """Solve it at once, whatever its size."""
        form, problem = wanted(self.request, kind), body.problem()
        reply = await self.solver.answer_here(kind, problem, with_options(self.terms, body.options()))
        return await dressed(reply, form, kind, problem)


async def call_of(request: Request) -> Call:
    """What its headers say, and what this app has."""
    # One coroutine: each dependency costs as much as solving a small problem, a plain function a thread besides.
    headers = headers_of(request.scope)
    prefer = headers.get("prefer")
    preference = Preference.parse(prefer, request.app.state.settings.max_wait_s) if prefer else NO_PREFERENCE
    origin = Origin(state_of(request.scope)["request_id"], tracing.traceparent())
    return Call(request, terms_of(headers, caller_of(request.scope), preference, origin))


CallOf = Annotated[Call, Depends(call_of)]
"""For all routes; those that heed the headers of a job document `PREFER` or `TERMS`."""


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    schema = {"type": "string"} | schema
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": description}


PREFER = _header(
    "Prefer",
    "`wait=N`: hold the answer up to N seconds for a queued job. `respond-async`: answer with a job at once, whatever "
    "its size.",
)
TERMS = {
    "parameters": [
        PREFER,
        _header(
            "Idempotency-Key",
            "Any text of your own: the same key with the same request leads to the same job (`Idempotent-Replayed: "
            "true`), also when it is sent twice at the same time; with another request it is refused.",
            maxLength=LONGEST_HEADER,
        ),
        _header(
            "Cancel-After",
            "Time after which the job expires if it has not ended: seconds, or `500ms`, `5m`.",
            pattern=f"^{DURATION}$",
        ),
        _header("Cache-Control", "`no-cache`: solve anew, also when the result of an equal problem is there."),
    ]
}
"""Headers of a job, for the OpenAPI document."""

_PROBLEMS = {
    400: "The body cannot be parsed, or decompressed",
    401: "The request has no key, or none that is known here; only with authentication on",
    403: "The key lacks a scope that this request needs; only with authentication on",
    404: "Unknown",
    406: "Nothing that the header Accept names can be answered",
    409: "Not in the state of its job",
    410: "Expired: removed after its retention",
    413: "The body is too large",
    415: "The body is in a form, or compressed in a way, that is not read here",
    422: "The request is understood, but something in it is wrong; `errors` names the places",
    429: "This caller has too much unfinished work; try again after `Retry-After` seconds",
    500: "A defect of this service",
    503: "The queue does not answer or is full; try again after `Retry-After` seconds",
}

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """Documentation of the problem documents that a route can answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
    return {status: {"description": _PROBLEMS[status], "content": content} for status in statuses}


BODY_PROBLEMS = problems(400, 413, 415, 422, 500)
FORM_PROBLEMS = problems(406)
QUEUE_PROBLEMS = problems(429, 503)
NOT_FOUND = problems(404, 410, 422, 500, 503)
UNCHANGED: Responses = {304: {"description": "Unchanged since the version that `If-None-Match` names"}}
