"""A large request beside reading the same body and running the same solver, without any service."""

import http.client
import io
from collections.abc import Callable, Iterator
from http import HTTPStatus

import numpy as np
import orjson
import pyarrow as pa
from pyarrow import ipc

from service.formats.media import ARROW_STREAM, JSON
from tests.benchmarks import data, memory
from tests.benchmarks.pairs import Work, compare
from tests.benchmarks.report import Comparison, Group
from tests.benchmarks.requests import PATH, served
from tests.benchmarks.usage import settle
from workers import payloads
from workers.encoding import interpolation_wire
from workers.minnorm.dataset import Dataset
from workers.minnorm.interpolate import Interpolation, interpolate

POINTS, ROUNDS = 1_000_000, 11

LIMITS = """
*Read and solved*: the body is read with orjson or pyarrow and solved, checks and certificate included, in the process
that has it already; nothing is sent, and no answer is written. *And written*: the answer is written as well, in the
same form: in JSON with function, network and certificate, about 90 MB, in Arrow as a table of points, 32 MB. The
gateway takes the digest and half of the certificate on a second core, where one is free; the rival has one. Both ways
of the service go through the loopback interface, its answers are not compressed, and the client shares the machine with
it. *Memory* is the peak of the gateway above what it held at rest after a small request of the same form.
""".strip()


def comparisons() -> Iterator[Comparison]:
    """JSON and Arrow."""
    x, y = data.random(POINTS)
    yield from _beside(JSON, (_json(x, y), _json(x[:20], y[:20])), _read_json, _write_json)
    bodies = (_arrow({"x": x, "y": y}), _arrow({"x": x[:20], "y": y[:20]}))
    yield from _beside(ARROW_STREAM, bodies, _read_arrow, _write_arrow)


def _beside(
    media_type: str,
    bodies: tuple[bytes, bytes],
    read: Callable[[bytes], data.Points],
    write: Callable[[data.Points, Interpolation], bytes],
) -> Iterator[Comparison]:
    body, small = bodies

    def solved() -> tuple[data.Points, Interpolation]:
        points = read(body)
        return points, interpolate(Dataset.from_points(*points))

    name = f"POST {PATH}, n = {POINTS:,}, {media_type.rpartition('/')[2]}, {len(body) / 1e6:.0f} MB"
    with served("service.main:create_app") as (port, pid):
        post = _caller(port, media_type, body)
        _caller(port, media_type, small)()
        settle(lambda: [pid])
        before = memory.held_by(pid)
        for rival, work in (("read and solved", solved), ("read, solved and written", lambda: write(*solved()))):
            times = compare(post, work, ROUNDS)
            held = (memory.peak_of(pid) - before) / len(body)
            yield Comparison(name, rival, times, f"memory {held:.1f} times the body")


def _caller(port: int, media_type: str, body: bytes) -> Work:
    """Sends the same request again and again."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": media_type, "Accept": media_type, "Accept-Encoding": "identity"}

    def post() -> None:
        connection.request("POST", PATH, body, headers)
        response = connection.getresponse()
        if response.status != HTTPStatus.OK or not response.read():
            raise AssertionError(f"{response.status}: it was not solved at once.")

    return post


def _json(x: data.Floats, y: data.Floats) -> bytes:
    return orjson.dumps({"x": x, "y": y}, option=orjson.OPT_SERIALIZE_NUMPY)


def _read_json(body: bytes) -> data.Points:
    found = orjson.loads(body)
    return np.array(found["x"]), np.array(found["y"])


def _write_json(_: data.Points, result: Interpolation) -> bytes:
    return payloads.dumps(interpolation_wire(result, explain=False))


def _arrow(columns: dict[str, data.Floats]) -> bytes:
    sink, table = io.BytesIO(), pa.table(columns)
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _read_arrow(body: bytes) -> data.Points:
    table = ipc.open_stream(body).read_all()
    return table["x"].to_numpy(), table["y"].to_numpy()


def _write_arrow(points: data.Points, result: Interpolation) -> bytes:
    fitted, dual = result.function(points[0]), result.certificate.dual.values
    return _arrow({"x": points[0], "y": points[1], "fitted": fitted, "dual": dual})


GROUP = Group("Large requests", LIMITS, comparisons)
