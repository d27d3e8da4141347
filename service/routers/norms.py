"""Norms of functions, networks and splines."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service import examples
from service.formats import described
from service.routes import JsonRoute
from service.schemas.jobs import NormJob
from service.schemas.requests import NormRequest
from service.wiring import BODY_PROBLEMS, FORM_PROBLEMS, QUEUE_PROBLEMS, TERMS, CallOf

router = APIRouter(prefix="/v1/norms", tags=["norms"], route_class=JsonRoute)


@router.post(
    "",
    operation_id="create_norm",
    summary="Measure a function, a network or a spline",
    response_class=Response,
    openapi_extra={"parameters": [*TERMS["parameters"], *described.OF_ANSWERS]},
    responses={
        200: {"model": NormJob, "description": "Measured", "content": described.ANSWERS},
        202: {"model": NormJob, "description": "Queued; ask at `Location`"},
        **BODY_PROBLEMS,
        **FORM_PROBLEMS,
        **QUEUE_PROBLEMS,
    },
)
async def create_norm(
    body: Annotated[NormRequest, Body(openapi_examples=examples.NORMS)],
    call: CallOf,
) -> Response:
    """The least parameter norm over all networks that compute the given function, and a network that attains it.

    For a network also its own parameter norm, its path norm (what rebalancing reaches) and the function it computes.
    For a piecewise polynomial the cost alone: networks come as close to it as one likes, but none computes it.
    """
    return await call.answer("norms", body)
