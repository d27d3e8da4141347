"""Dry runs, one for each kind of problem."""

from collections.abc import Callable, Coroutine
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from service import examples
from service.items import REQUESTS
from service.routes import JsonRoute
from service.schemas import fields
from service.schemas.validations import ValidationReport
from service.wiring import BODY_PROBLEMS, TERMS, CallOf

router = APIRouter(prefix="/v1", route_class=JsonRoute)

_EXAMPLES = {
    "interpolations": examples.INTERPOLATIONS,
    "regressions": examples.REGRESSIONS,
    "classifications": examples.CLASSIFICATIONS,
    "norms": examples.NORMS,
    "verifications": examples.VERIFICATIONS,
    "trainings": examples.TRAININGS,
}


def _validator(kind: str, model: type[fields.Body]) -> Callable[..., Coroutine[Any, Any, Response]]:
    async def validate(body: fields.Body, call: CallOf) -> Response:
        """Fails exactly as the request itself would; solves nothing, and keeps nothing.

        How large the problem is, whether it would be answered at once or queued, how long it takes, whether its result
        is there already, and warnings about what is sound but remarkable.
        """
        return await call.validate(kind, body)

    validate.__annotations__["body"] = Annotated[model, Body(openapi_examples=dict(islice(_EXAMPLES[kind].items(), 3)))]
    return validate


for _kind, _model in REQUESTS.items():
    router.add_api_route(
        f"/{_kind}/validate",
        _validator(_kind, _model),
        methods=["POST"],
        tags=[_kind],
        operation_id=f"validate_{_kind.removesuffix('s')}",
        summary="Check a request without solving it",
        response_class=Response,
        openapi_extra=TERMS,
        responses={200: {"model": ValidationReport, "description": "The request would be taken"}, **BODY_PROBLEMS},
    )
