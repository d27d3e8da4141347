"""Verification of anybody's claims."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service import examples
from service.five_points import FIVE_POINTS
from service.formats import described
from service.formats.fields import COLUMNS
from service.routes import TableRoute
from service.schemas.jobs import VerificationJob
from service.schemas.requests import VerificationRequest
from service.wiring import BODY_PROBLEMS, FORM_PROBLEMS, TERMS, CallOf, problems

router = APIRouter(prefix="/v1/verifications", tags=["verifications"], route_class=TableRoute)


@router.post(
    "",
    operation_id="create_verification",
    summary="Check a function, a network or a certificate against data",
    response_class=Response,
    openapi_extra=described.tabular(TERMS, FIVE_POINTS, COLUMNS),
    responses={
        200: {"model": VerificationJob, "description": "Checked", "content": described.ANSWERS},
        **BODY_PROBLEMS,
        **FORM_PROBLEMS,
        **problems(503),
    },
)
async def create_verification(
    body: Annotated[VerificationRequest, Body(openapi_examples=examples.VERIFICATIONS)],
    call: CallOf,
) -> Response:
    """What holds of a function, a network or a certificate, whoever made it, in any setting and for any objective.

    With a `loss` they are judged as a regression or a classification, otherwise as an interpolation. Recomputes
    residuals, norm, objective, lower bound and gap from what is given, trusting none of it, and lists what is violated,
    where and by how much. Always answered at once.
    """
    return await call.answer_here("verifications", body)
