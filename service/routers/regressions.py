"""Regression."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service import examples
from service.formats import described
from service.formats.fields import COLUMNS
from service.routes import TableRoute
from service.schemas.jobs import RegressionJob
from service.schemas.requests import RegressionRequest
from service.wiring import BODY_PROBLEMS, FORM_PROBLEMS, QUEUE_PROBLEMS, TERMS, CallOf

router = APIRouter(prefix="/v1/regressions", tags=["regressions"], route_class=TableRoute)


@router.post(
    "",
    operation_id="create_regression",
    summary="Fit a network to observations",
    response_class=Response,
    openapi_extra=described.tabular(TERMS, examples.NOISY, COLUMNS),
    responses={
        200: {"model": RegressionJob, "description": "Solved", "content": described.ANSWERS},
        202: {"model": RegressionJob, "description": "Queued; ask at `Location`"},
        **BODY_PROBLEMS,
        **FORM_PROBLEMS,
        **QUEUE_PROBLEMS,
    },
)
async def create_regression(
    body: Annotated[RegressionRequest, Body(openapi_examples=examples.REGRESSIONS)],
    call: CallOf,
) -> Response:
    """The function of least `mean loss + regularisation * norm` over all one-hidden-layer ReLU networks of any width.

    That is what training with weight decay aims at; here it is the global optimum, with a certificate. Squared,
    absolute or Huber loss, weights, repeated abscissae, monotone or convex shapes. For a list of regularisations, or a
    `path` of them, a fit for each; `cross_validation` chooses one. An `outcome` of `feasible` says that the gap that
    was asked for is not reached; the certificate says how far it is.
    """
    return await call.answer("regressions", body)
