"""Items of a batch: looked at one by one, and gathered to chunks for the queue.

What is wrong with an item is told in its place among the results, if it can be named there; else the whole batch is
refused.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from service.bodies import check_size
from service.estimates import estimated_s
from service.kinds import DUPLICATE, KINDS
from service.parsing import parse
from service.problems import pointer_to
from service.refusals import Forbidden, GatewayError, InvalidJson, RepeatedName, TooManyLevels
from service.schemas.batches import BatchItem
from service.schemas.fields import Body
from service.schemas.requests import (
    ClassificationRequest,
    InterpolationRequest,
    NormRequest,
    RegressionRequest,
    VerificationRequest,
)
from service.schemas.trainings import TrainingRequest
from service.scopes import scope_of_kind
from service.settings import GatewaySettings
from service.solving import BATCH, QUEUES
from workers import chunks
from workers.immutable import immutable
from workers.payloads import Problem
from workers.records import JobError

REQUESTS: Mapping[str, type[Body]] = {
    "interpolations": InterpolationRequest,
    "regressions": RegressionRequest,
    "classifications": ClassificationRequest,
    "norms": NormRequest,
    "verifications": VerificationRequest,
    "trainings": TrainingRequest,
}
LONGEST_NAME = 200
CHUNK_S = 1.0
"""Estimated work in a chunk: what a lost worker costs at most, and how often results come."""
CHUNK_ITEMS = 2_000
CHUNK_BYTES = 4 * 2**20
_PASSED_ON_S = 1e-4
"""What an item takes that has failed before."""

Place = tuple[int | str, ...]
"""The way to a part of a document."""
BodyOfKind = TypeVar("BodyOfKind", bound=Body)


@immutable
class Chunk:
    """Items that are computed in one go."""

    payload: bytes
    items: int
    queue: str


class _Open:
    """A chunk that is being filled."""

    def __init__(self) -> None:
        self.lines, self._work_s, self._bytes = list[bytes](), 0.0, 0

    def append(self, line: bytes, work_s: float) -> None:
        self.lines.append(line)
        self._work_s += work_s
        self._bytes += len(line) + 1

    @property
    def is_full(self) -> bool:
        return self._work_s >= CHUNK_S or self._bytes >= CHUNK_BYTES or len(self.lines) >= CHUNK_ITEMS


class Gatherer:
    """Takes items one by one, and gathers them to chunks: those of one queue each."""

    def __init__(self, settings: GatewaySettings, scopes: Container[str] | None = None) -> None:
        self._settings = settings
        self._scopes = scopes
        self._names = set[str]()
        self._count = 0
        self._line_number = 0
        self._full = list[Chunk]()
        self._open = defaultdict[str, _Open](_Open)

    def take_lines(self, piece: bytes) -> list[Chunk]:
        """Take the items in some whole lines of a body; the chunks that this has filled."""
        if not piece.strip():  # a compressed body may have any number of empty lines
            self._line_number += piece.count(b"\n") + 1
            return []
        for line in piece.split(b"\n"):
            self._line_number += 1
            if line.strip():
                self._take(self._parsed(line), f"line {self._line_number}")
        return self._filled()

    def take_items(self, items: Iterable[Any]) -> list[Chunk]:
        """Take some items of a document."""
        for item in items:
            self._take(item, "the item")
        return self._filled()

    def last(self) -> list[Chunk]:
        """What is left when all items have been taken."""
        if not self._count:
            raise invalid(("items",), "too_short", "a batch has at least one item")
        for queue in list(self._open):
            self._close(queue)
        return self._filled()

    def _take(self, item: Any, place: str) -> None:
        """Take the next item. Raises `RequestValidationError` if it could not be named among the results."""
        check_count(self._count + 1, self._settings)
        name = _name(item, ("items", self._count), place)
        line, seconds, queue = self._line(name, item)
        self._names.add(name)
        self._count += 1
        self._open[queue].append(line, seconds)
        if self._open[queue].is_full:
            self._close(queue)

    def _close(self, queue: str) -> None:
        lines = self._open.pop(queue).lines
        self._full.append(Chunk(chunks.join(lines), len(lines), queue))

    def _filled(self) -> list[Chunk]:
        filled, self._full = self._full, []
        return filled

    def _parsed(self, line: bytes) -> Any:
        try:
            return parse(line, self._settings.max_levels)
        except (InvalidJson, RepeatedName, TooManyLevels) as error:
            message = str(error).replace("The body", f"Line {self._line_number}", 1)
            raise type(error)(message, pointer_to(("items", self._count))) from None

    def _line(self, name: str, item: dict[str, Any]) -> tuple[bytes, float, str]:
        """An item on its way to the worker, how long it will take, and its queue; or its error in its place."""
        try:
            if name in self._names:
                twice = JobError(DUPLICATE.slug, DUPLICATE.explanation, "/custom_id")
                return chunks.failed_line(name, twice), _PASSED_ON_S, BATCH
            check_size(item, self._settings)
            kind, problem = _problem(item)
            self._check_scope(kind)
        except GatewayError as error:
            return (
                chunks.failed_line(name, JobError(KINDS[type(error)].slug, str(error), error.pointer or "")),
                _PASSED_ON_S,
                BATCH,
            )
        except RequestValidationError as error:
            return chunks.failed_line(name, _first(error)), _PASSED_ON_S, BATCH
        return chunks.item_line(name, kind, problem), estimated_s(kind, problem), QUEUES.get(kind, BATCH)

    def _check_scope(self, kind: str) -> None:
        needed = scope_of_kind(kind)
        if self._scopes is not None and needed not in self._scopes:
            raise Forbidden((needed,), "/kind")


def invalid(place: Place, code: str, message: str) -> RequestValidationError:
    """What refuses a body because of something at this place in it."""
    return RequestValidationError([{"loc": ("body", *place), "type": code, "msg": message}])


def check_count(items: int, settings: GatewaySettings) -> None:
    """Refuse a batch of too many items."""
    if items > settings.max_batch_items:
        raise invalid(("items",), "too_long", f"a batch has at most {settings.max_batch_items} items")


def _name(item: Any, place: Place, called: str) -> str:
    if not isinstance(item, dict):
        raise invalid(place, "dict_type", f"{called} is no JSON object")
    name = item.get("custom_id")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not _is_text(name):
        message = f"{called} has no custom_id, which is a string of 1 to {LONGEST_NAME} characters"
        raise invalid((*place, "custom_id"), "custom_id", message)
    return name


def _is_text(name: str) -> bool:
    """JSON can name halves of characters, which no line of the results could repeat."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _problem(item: dict[str, Any]) -> tuple[str, Problem]:
    """Kind and problem of an item. Raises `RequestValidationError`."""
    checked = _validated(BatchItem, item, ())
    body = _validated(REQUESTS[checked.kind], checked.body, ("body",))
    for option in body.options():
        raise invalid(("body", option), "extra_forbidden", "Not for the items of a batch")
    return checked.kind, body.problem()


def _validated(model: type[BodyOfKind], value: Any, place: Place) -> BodyOfKind:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise invalid((*place, *found["loc"]), found["type"], found["msg"]) from None


def _first(error: RequestValidationError) -> JobError:
    found = error.errors()[0]
    pointer = pointer_to(found["loc"][1:])
    return JobError(KINDS[RequestValidationError].slug, f"{pointer}: {found['msg']}", pointer)
