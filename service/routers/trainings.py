"""Training of networks."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service import examples
from service.five_points import FIVE_POINTS
from service.formats import described
from service.routes import TableRoute
from service.schemas.jobs import TrainingJob
from service.schemas.trainings import TrainingRequest
from service.wiring import BODY_PROBLEMS, FORM_PROBLEMS, QUEUE_PROBLEMS, TERMS, CallOf

router = APIRouter(prefix="/v1/trainings", tags=["trainings"], route_class=TableRoute)


@router.post(
    "",
    operation_id="create_training",
    summary="Train networks, and compare them with the global optimum",
    response_class=Response,
    openapi_extra=described.tabular(TERMS, FIVE_POINTS, without="width"),
    responses={
        200: {"model": TrainingJob, "description": "Trained: before, or within the wait", "content": described.ANSWERS},
        202: {"model": TrainingJob, "description": "Queued; ask at `Location`"},
        **BODY_PROBLEMS,
        **FORM_PROBLEMS,
        **QUEUE_PROBLEMS,
    },
)
async def create_training(
    body: Annotated[TrainingRequest, Body(openapi_examples=examples.TRAININGS)],
    call: CallOf,
) -> Response:
    """Gradient descent, momentum or Adam on the parameters of networks with one hidden layer, from one or more seeds.

    What they minimise, `mean loss + weight_decay * 1/2 ||theta||^2`, has a global optimum over all widths; the answer
    says how far the best of them is from it. Always a job: its `progress` tells the objective and the bound as it
    goes. It survives the death of its worker, and can be stopped: cancelled, it has no result; at its `time_limit_s` it
    answers with how far it came. A training that diverges is an answer as well, and comes with advice. The same request
    leads to the same bits.
    """
    return await call.answer("trainings", body)
