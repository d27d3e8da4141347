"""The form in which a caller wants an answer, and answers in that form."""

import hashlib
from collections.abc import Sequence
from dataclasses import field
from typing import Annotated

import orjson
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Request, Response
from pydantic import BaseModel, Field, ValidationError

from service import sending
from service.envelopes import Envelope, Reply
from service.formats.fields import parsed
from service.formats.media import JSON, PICTURES, TABLES, best
from service.formats.tables import TableName, columns_of, notes_of, usual
from service.formats.writing import written
from service.headers import headers_of
from service.pictures.drawing import Look, draw
from service.refusals import invalid
from service.schemas.plots import HEIGHT_PX, WIDTH_PX, Side, ThemeName
from workers.immutable import immutable
from workers.payloads import Problem

OFFERS = (JSON, *TABLES, *PICTURES)
"""What is there for those who do not care comes first."""
_ANYTHING = frozenset(("", "*/*", JSON))
_VARY = (b"vary", b"Accept")


class Parameters(BaseModel):
    """What a query says about the answer."""

    table: TableName | None = Field(
        default=None,
        description="Which table, if the answer is to be one. By default the points; the path of several fits, and the "
        "network of a norm.",
    )
    theme: ThemeName = Field(default="light", description="Colours of a picture.")
    width: Side = Field(default=WIDTH_PX, description="Of a picture, in pixels.")
    height: Side = Field(default=HEIGHT_PX, description="Of a picture, in pixels.")
    frame: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Which of the frames of a training a picture shows; its end by default."
    )


@immutable
class Form:
    """A table, or a picture."""

    media_type: str
    table: TableName | None
    look: Look | None
    artists: CapacityLimiter | None = field(default=None, repr=False, compare=False)
    """Who may draw at the same time."""

    @property
    def tag(self) -> str:
        """Tells one form from another in an `ETag`."""
        return "-" + hashlib.blake2b(repr(self).encode(), digest_size=4).hexdigest()

    def content(self, kind: str, problem: Problem | None, envelope: Envelope) -> Sequence[sending.Part]:
        """A job that has a result, in this form, part by part."""
        if self.look is not None:
            return [draw(kind, problem or {}, orjson.loads(envelope.json())["result"], self.look)]
        job = envelope.job()
        name = self.table or usual(kind, job["result"])
        columns = columns_of(name, kind, problem, job["result"])
        return written(self.media_type, columns, {"table": name} | notes_of(job))


def wanted(request: Request, kind: str | None = None, offers: Sequence[str] = OFFERS) -> Form | None:
    """The form that a request asks for; None is JSON.

    Raises
    ------
    NotAcceptable
        It can be had in none of the forms that would do.
    RequestValidationError
        A parameter is wrong.
    """
    query, headers = request.scope["query_string"], headers_of(request.scope)
    accept = ",".join(request.headers.getlist("accept")) if "accept" in headers else ""
    if not query and accept in _ANYTHING and JSON in offers:
        return None  # almost all requests
    given = _parameters(query, kind)
    if (media_type := best(accept, offers)) == JSON:
        return None
    if media_type not in PICTURES:
        return Form(media_type, given.table, None)
    look = Look(media_type, given.theme, given.width, given.height, given.frame)
    return Form(media_type, None, look, request.app.state.artists)


def _parameters(query: bytes, kind: str | None) -> Parameters:
    asked = {name: values[-1] for name, values in parsed(query).items() if name in Parameters.model_fields}
    if kind == "trainings":  # there it is the width of the network
        asked.pop("width", None)
    try:
        return Parameters.model_validate_strings(asked)
    except ValidationError as error:
        raise invalid(error, "query") from None


async def dressed(reply: Reply, form: Form | None, kind: str, problem: Problem | bytes | None) -> Response:
    """A job as a response, in the form that is wanted; in JSON, if it has no result. Works on it on a thread."""
    if form is None or not reply.has_result:
        return reply.response()
    return await run_sync(_dressed, reply, form, kind, problem, limiter=form.artists)


def varied(response: Response) -> Response:
    """An answer to GET that might have been in another form: caches ask for that. They keep no answers to POST."""
    response.raw_headers.append(_VARY)
    return response


def _dressed(reply: Reply, form: Form, kind: str, problem: Problem | bytes | None) -> Response:
    content = form.content(kind, orjson.loads(problem) if isinstance(problem, bytes) else problem, reply.envelope)
    return sending.response(content, reply.headers, form.media_type)
