"""What is told of errors."""

from pydantic import Field

from service.schemas.fields import Answer, May


class ErrorItem(Answer):
    """One thing wrong with a request."""

    pointer: str = Field(description="JSON pointer (RFC 6901) to the place; empty for the whole body.")
    code: str = Field(description="What is wrong, for programs.")
    detail: str = Field(description="What is wrong, for people.")


class Problem(Answer):
    """A problem document (RFC 9457)."""

    type: str = Field(description="Address of a page about this kind of problem.")
    title: str = Field(description="The kind of problem.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong with this request.")
    instance: str = Field(description="The path that was asked for.")
    request_id: str = Field(description="The request's name in the log; also in the header X-Request-ID.")
    retryable: bool = Field(description="Whether the same request may succeed later.")
    errors: May[list[ErrorItem]] = Field(default=None, description="The places, at most 20.")


class JobError(Answer):
    """Why a job failed."""

    code: str = Field(description="The kind of problem: its page is `/problems/{code}`.")
    detail: str = Field(description="What is wrong.")
    pointer: May[str] = Field(default=None, description="JSON pointer to the place in the request.")


class BatchError(Answer):
    """A problem document without the request that it answers."""

    type: str = Field(description="Address of a page about this kind of problem.")
    title: str = Field(description="The kind of problem.")
    status: int = Field(description="The HTTP status that the item would have had by itself.")
    detail: str = Field(description="What is wrong with the item.")
    retryable: bool = Field(description="Whether the same item may succeed later.")
    errors: May[list[ErrorItem]] = Field(
        default=None, description="The pointers are into the item: `/body/x/3`; empty for the item as a whole."
    )
