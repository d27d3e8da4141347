"""Classification."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service import examples
from service.formats import described
from service.formats.fields import COLUMNS
from service.routes import TableRoute
from service.schemas.jobs import ClassificationJob
from service.schemas.requests import ClassificationRequest
from service.wiring import BODY_PROBLEMS, FORM_PROBLEMS, QUEUE_PROBLEMS, TERMS, CallOf

router = APIRouter(prefix="/v1/classifications", tags=["classifications"], route_class=TableRoute)


@router.post(
    "",
    operation_id="create_classification",
    summary="Separate labelled observations",
    response_class=Response,
    openapi_extra=described.tabular(TERMS, examples.LABELS, COLUMNS),
    responses={
        200: {"model": ClassificationJob, "description": "Solved", "content": described.ANSWERS},
        202: {"model": ClassificationJob, "description": "Queued; ask at `Location`"},
        **BODY_PROBLEMS,
        **FORM_PROBLEMS,
        **QUEUE_PROBLEMS,
    },
)
async def create_classification(
    body: Annotated[ClassificationRequest, Body(openapi_examples=examples.CLASSIFICATIONS)],
    call: CallOf,
) -> Response:
    """The function of least norm whose sign tells labels, or the one of least `mean loss + regularisation * norm`.

    Hard margin, hinge or logistic loss; the global optimum over all one-hidden-layer ReLU networks of any width, with a
    certificate and the decision boundaries. With a hard margin, labels that differ at one abscissa cannot be separated:
    the job then succeeds with the outcome `infeasible`, and its result names the observations.
    """
    return await call.answer("classifications", body)
