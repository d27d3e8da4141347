"""Interpolation."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service import examples
from service.five_points import FIVE_POINTS
from service.formats import described
from service.routes import TableRoute
from service.schemas.jobs import InterpolationJob
from service.schemas.requests import InterpolationRequest
from service.wiring import BODY_PROBLEMS, FORM_PROBLEMS, QUEUE_PROBLEMS, TERMS, CallOf

router = APIRouter(prefix="/v1/interpolations", tags=["interpolations"], route_class=TableRoute)


@router.post(
    "",
    operation_id="create_interpolation",
    summary="Find the best network through points",
    response_class=Response,
    openapi_extra=described.tabular(TERMS, FIVE_POINTS),
    responses={
        200: {"model": InterpolationJob, "description": "Solved", "content": described.ANSWERS},
        202: {"model": InterpolationJob, "description": "Queued; ask at `Location`"},
        **BODY_PROBLEMS,
        **FORM_PROBLEMS,
        **QUEUE_PROBLEMS,
    },
)
async def create_interpolation(
    body: Annotated[InterpolationRequest, Body(openapi_examples=examples.INTERPOLATIONS)],
    call: CallOf,
) -> Response:
    """The one-hidden-layer ReLU network of least parameter norm through all points, or the one with the fewest kinks.

    Its function, its weights, its norm, and a certificate that no network is better. Exact, in linear time but for
    penalised biases without a skip connection. Unsorted points are sorted, equal points merged; points collinear
    within rounding count as collinear. An `outcome` of `feasible` says that the function interpolates, but is not
    proved to be the best.
    """
    return await call.answer("interpolations", body)
