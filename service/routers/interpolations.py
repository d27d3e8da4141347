"""Minimum-norm interpolation."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service import examples
from service.bodies import JsonRoute
from service.schemas import InterpolationJob, InterpolationRequest
from service.wiring import BODY_PROBLEMS, QUEUE_PROBLEMS, TERMS, CallOf

router = APIRouter(prefix="/v1/interpolations", tags=["interpolations"], route_class=JsonRoute)


@router.post(
    "",
    operation_id="create_interpolation",
    summary="Interpolate with the least norm",
    response_class=Response,
    openapi_extra=TERMS,
    responses={
        200: {"model": InterpolationJob, "description": "Solved"},
        202: {"model": InterpolationJob, "description": "Queued; ask at `Location`"},
        **BODY_PROBLEMS,
        **QUEUE_PROBLEMS,
    },
)
async def create_interpolation(
    body: Annotated[InterpolationRequest, Body(openapi_examples=examples.INTERPOLATIONS)],
    call: CallOf,
) -> Response:
    """The one-hidden-layer ReLU network of least parameter norm through all points.

    Its function, its weights, its norm, and a certificate that no network has a smaller one. Exact, in linear time.
    Unsorted points are sorted, equal points merged; points collinear within rounding count as collinear.
    """
    return await call.answer("interpolations", body)
