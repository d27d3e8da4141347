"""Writes openapi/openapi.json from the code: `make openapi`."""

import json
from pathlib import Path

from service.main import create_app
from service.settings import GatewaySettings

PATH = Path(__file__).parent.parent / "openapi" / "openapi.json"


def render() -> str:
    """The document as it is committed, for the default settings."""
    return json.dumps(create_app(GatewaySettings()).openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(render())
