"""What a dry run finds."""

from typing import Literal

from pydantic import Field

from service.schemas.fields import Answer, May
from service.schemas.jobs import KindOfJob


class Warned(Answer):
    """Something sound, but remarkable."""

    pointer: str = Field(description="JSON pointer to the place in the request.")
    code: Literal["merged", "collinear", "scale-of-x"] = Field(
        description="`merged`: points given more than once. `collinear`: points on the chord of their neighbours "
        "within rounding. `scale-of-x`: abscissae far from 0 or of an unusual unit, to which penalised "
        "biases tie the answer."
    )
    detail: str = Field(description="The same in words, with numbers.")


class ValidationReport(Answer):
    """What would be done with a request that is sound."""

    kind: KindOfJob = Field(description="The endpoint.")
    digest: str = Field(description="Names the problem, as in its job.")
    size: int = Field(description="Numbers in the longest column.")
    answered: Literal["at_once", "queued"] = Field(description="With the response (200), or as a job (202).")
    queue: May[str] = Field(default=None, description="Where it would wait.")
    estimated_s: float = Field(description="How long it takes once begun: a rough estimate, often too long.")
    cached: bool = Field(description="Whether its result is there already. False if Redis does not answer.")
    warnings: list[Warned] = Field(description="What is sound, but may be not what was meant.")
