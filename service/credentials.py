"""What the OpenAPI document says about keys."""

from typing import Any

from service.scopes import SCOPES, scopes_for
from service.wiring import problems

SCHEME = "key"
DESCRIPTION = (
    "A key of this service, if it asks for one: then `/v1/capabilities` without a key answers 401. Its operator "
    "issues it for some of these scopes: " + "; ".join(f"`{name}`, to {what}" for name, what in SCOPES.items()) + "."
)


def described(document: dict[str, Any]) -> dict[str, Any]:
    """The document, with the scheme and, at every operation that asks for a key, what it is needed for.

    Optional in the sense of OpenAPI, `{}` being an alternative: authentication may be off.
    """
    scheme = {"type": "http", "scheme": "bearer", "description": DESCRIPTION}
    document["components"]["securitySchemes"] = {SCHEME: scheme}
    refusals = {str(status): told for status, told in problems(401, 403).items()}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if scopes_for(method.upper(), path):
                operation["security"] = [{SCHEME: []}, {}]
                operation["responses"] |= refusals
    return document
