"""Pictures of results."""

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Body, Response

from service import examples
from service.formats.media import PICTURES, best
from service.plotting import plotted
from service.routes import JsonRoute
from service.schemas.plots import PlotRequest
from service.wiring import BODY_PROBLEMS, CallOf, problems

router = APIRouter(prefix="/v1/plots", tags=["plots"], route_class=JsonRoute)


@router.post(
    "",
    operation_id="create_plot",
    summary="Draw a result",
    response_class=Response,
    responses={
        200: {
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in PICTURES},
            "description": "The picture",
        },
        **BODY_PROBLEMS,
        **problems(406),
    },
)
async def create_plot(body: Annotated[PlotRequest, Body(openapi_examples=examples.PLOTS)], call: CallOf) -> Response:
    """A picture of a result, as SVG or, if `Accept` prefers it, as PNG.

    Data, function and kinks, and below them what the result tells besides: the dual of the certificate within its
    envelope, losses and kinks along a path, or the history of a training. The same result gives the same bytes.
    """
    media_type = best(call.request.headers.get("accept", ""), PICTURES)
    picture = await run_sync(plotted, body, media_type, limiter=call.request.app.state.artists)
    return Response(picture, media_type=media_type, headers={"Vary": "Accept"})
