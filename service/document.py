"""Writes openapi/openapi.json and docs/errors.md from the code: `make openapi`."""

import json
from pathlib import Path

from service.kinds import PAGES
from service.main import create_app
from service.settings import GatewaySettings

ROOT = Path(__file__).parent.parent
PATH = ROOT / "openapi" / "openapi.json"
ERRORS = ROOT / "docs" / "errors.md"

_ERRORS = """\
# Errors

Whatever goes wrong is told as a problem document (RFC 9457), `application/problem+json`:

```json
{
  "type": "/problems/invalid-request", "title": "Invalid request", "status": 422,
  "detail": "/x/1: Input should be a finite number", "retryable": false,
  "errors": [{"pointer": "/x/1", "code": "finite_number", "detail": "Input should be a finite number"}],
  "instance": "/v1/interpolations", "request_id": "5b2f0c6d0f3c4f0f8d1f0f6c3d0a9f11"
}
```

* `type` is the address of a page about this kind of problem; programs compare it. `code` in `errors` may say more.
* `errors` names up to 20 places, as JSON pointers into the body. No answer repeats what was sent.
* `retryable` says whether the same request may succeed later; then `Retry-After` tells when, in seconds.
* `request_id` is in the log as well, and in the header `X-Request-ID`.
* A job that failed has the same words in its `error`; a failed item of a batch in its line of the results.

These are all kinds. `make openapi` writes this list from the code.

| status | `/problems/` | meaning | again? |
|---|---|---|---|
"""


def render() -> str:
    """The OpenAPI document as it is committed, for the default settings."""
    return json.dumps(create_app(GatewaySettings()).openapi(), indent=2, ensure_ascii=False) + "\n"


def render_errors() -> str:
    """The page about errors."""
    kinds = sorted(PAGES.values(), key=lambda kind: (kind.status, kind.slug))
    return _ERRORS + "".join(
        f"| {kind.status} | `{kind.slug}` | {kind.explanation} | {'yes' if kind.retryable else ''} |\n"
        for kind in kinds
    )


if __name__ == "__main__":
    PATH.write_text(render())
    ERRORS.write_text(render_errors())
