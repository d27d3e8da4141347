"""Results by the digest of their problem."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from service.schemas.results import AnyResult
from service.versions import is_known
from service.wiring import UNCHANGED, CallOf, problems

router = APIRouter(prefix="/v1/results", tags=["jobs"])

FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}


@router.get(
    "/{digest}",
    operation_id="get_result",
    summary="Fetch a result by the digest of its problem",
    response_class=Response,
    responses={200: {"model": AnyResult, "description": "The result"}, **UNCHANGED, **problems(404, 422, 500, 503)},
)
async def get_result(
    digest: Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="As in each job: `digest`.")],
    call: CallOf,
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """The result of any queued job with this problem, as long as one of them is kept.

    The digest names the numbers, the options and the engine, so what is here never changes.
    """
    headers = {"ETag": f'"{digest}"', **FOR_EVER}
    result = await call.queue.stored(digest)
    if is_known(headers["ETag"], if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(result, headers=headers, media_type="application/json")
