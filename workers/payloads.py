"""Problems and results as JSON: all that those need to know of them who pass them on.

The mathematics is not imported here: the processes that talk to Redis start in half of the time without it.
"""

from collections.abc import Mapping
from typing import Any

import orjson

Problem = Mapping[str, Any]
"""The fields of a request by their wire names; columns are arrays or lists."""


def dumps(value: Any) -> bytes:
    """JSON, floats shortest-round-trip, NumPy arrays as columns, and so what becomes one when it is asked for."""
    return orjson.dumps(value, _as_array, orjson.OPT_SERIALIZE_NUMPY)


def _as_array(value: Any) -> Any:
    return value.__array__()


def loads(payload: bytes) -> Any:
    """The value that `dumps` wrote."""
    return orjson.loads(payload)
