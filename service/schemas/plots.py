"""What is asked of a picture."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field

from service.schemas.fields import Body, May
from service.schemas.jobs import KindOfJob
from service.schemas.results import AnyResult

ThemeName = Literal["light", "dark", "auto"]
SMALLEST_PX, LARGEST_PX = 200, 4_000
WIDTH_PX, HEIGHT_PX = 800, 600
Side = Annotated[int, Field(ge=SMALLEST_PX, le=LARGEST_PX)]

_RESULTS: dict[str, Any] = {
    "anyOf": [{"$ref": f"#/components/schemas/{form.__name__}"} for form in get_args(AnyResult)]
}


class PlotRequest(BaseModel):
    """A result of this service, whoever sends it, and how its picture is to look."""

    model_config = Body.model_config

    kind: KindOfJob = Field(description="The endpoint that the result comes from.")
    result: dict[str, Any] = Field(description="The `result` of an answer.", json_schema_extra=_RESULTS)
    problem: May[dict[str, Any]] = Field(
        default=None,
        description="The body that was answered. Without it the picture lacks points, setting and certificate.",
    )
    theme: ThemeName = Field(
        default="light",
        description="`auto`: an SVG that is light or dark as the reader's system prefers; a PNG is light then.",
    )
    width: Side = Field(default=WIDTH_PX, description="In pixels.")
    height: Side = Field(default=HEIGHT_PX, description="In pixels.")
    frame: May[Annotated[int, Field(ge=0)]] = Field(
        default=None, description="Of a training: which of the frames of its best run, from 0. Default: its end."
    )
