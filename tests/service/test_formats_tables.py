"""Tables as bodies: the same request as in JSON, and errors that name the line."""

import contextlib
import io
import itertools
import mmap
import struct
import time
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from fastapi.exceptions import RequestValidationError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyarrow import ipc, parquet

from service.examples import LABELS, NILE, NOISY
from service.five_points import FIVE_POINTS
from service.formats import csv_tables
from service.formats.choice import Choice
from service.formats.reading import TableReader
from service.gathering import RawBody
from service.refusals import GatewayError
from service.schemas.requests import InterpolationRequest
from service.settings import GatewaySettings

pytestmark = pytest.mark.anyio

CSV = "text/csv"
STREAM, FILE, PARQUET = (f"application/vnd.apache.{name}" for name in ("arrow.stream", "arrow.file", "parquet"))


@pytest.fixture
def settings() -> GatewaySettings:
    """Everything is solved here, and small bodies break the limits."""
    return GatewaySettings(ledger_timeout_s=0.2, thread_size=10**9, max_points=10_000, max_body_bytes=2_000_000)


def as_csv(x: Any, y: Any, form: str = "{!r},{!r}\n", header: str = "x,y\n") -> bytes:
    return (header + "".join(form.format(*pair) for pair in zip(x, y, strict=True))).encode()


def packed(table: pa.Table, media_type: str, compression: str | None = None, chunk: int = 3) -> bytes:
    sink = io.BytesIO()
    if media_type == PARQUET:
        parquet.write_table(
            table, sink, compression=compression or "snappy", row_group_size=chunk, use_dictionary=["z"]
        )
        return sink.getvalue()
    make = ipc.new_file if media_type == FILE else ipc.new_stream
    with make(sink, table.schema, options=ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=chunk)
    return sink.getvalue()


async def sent(
    client: httpx.AsyncClient, path: str, body: bytes, media_type: str = CSV, /, **query: Any
) -> httpx.Response:
    return await client.post(path, content=body, headers={"content-type": media_type}, params=query)


async def refusal(response: httpx.Response) -> tuple[int, str, str]:
    problem = response.json()
    assert problem["status"] == response.status_code
    assert len(response.content) < 5_000
    found = problem.get("errors", [{"pointer": None, "detail": problem["detail"]}])[0]
    return response.status_code, found["pointer"], found["detail"]


def told(response: httpx.Response) -> tuple[str, Any]:
    """What is the same however the problem came."""
    assert response.status_code == 200, response.text
    return response.json()["digest"], response.json()["result"]


QUESTIONS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, str]]] = [
    ("interpolations", FIVE_POINTS, {"penalise_biases": False, "objective": "lp", "p": 0.5},
     {"penalise_biases": "false", "objective": "lp", "p": "0.5"}),
    ("interpolations", NILE, {"standardise": True, "explain": True, "metadata": {"river": "Nile", "year": "1871"}},
     {"standardise": "true", "explain": "true", "metadata.river": "Nile", "metadata.year": "1871"}),
    ("regressions", NOISY, {"regularisation": 0.01, "shape": ["increasing", "concave"], "gap": 1e-6},
     {"regularisation": "0.01", "shape": '["increasing", "concave"]', "gap": "1e-6"}),
    ("regressions", NOISY, {"path": {"count": 3}, "cross_validation": {"folds": 2}},
     {"path": '{"count": 3}', "cross_validation.folds": "2"}),
    ("regressions", NOISY, {"regularisation": [1, 0.1], "loss": "huber", "huber_delta": 0.5},
     {"regularisation": "[1, 0.1]", "loss": "huber", "huber_delta": "0.5"}),
    ("classifications", LABELS, {"loss": "hinge", "regularisation": 0.1, "weights": [1, 2, 1, 1, 1, 1, 1]},
     {"loss": "hinge", "regularisation": "0.1", "weights": "[1, 2, 1, 1, 1, 1, 1]"}),
    ("verifications", FIVE_POINTS, {"function": {"x0": -1.5, "y0": 0.7, "slope0": 0, "kinks": [], "slope_changes": []}},
     {"function.x0": "-1.5", "function.y0": "0.7", "function.slope0": "0", "function.kinks": "[]",
      "function.slope_changes": "[]"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "points", "fields", "query"), QUESTIONS)
async def test_tables_lead_to_the_same_answers(
    client: httpx.AsyncClient, kind: str, points: Any, fields: Any, query: Any
) -> None:
    path = f"/v1/{kind}"
    wanted = told(await client.post(path, json=points | fields))
    columns = {name: np.array(points[name], float) for name in ("x", "y")}
    assert told(await sent(client, path, as_csv(points["x"], points["y"]), **query)) == wanted
    table = pa.table({"other": ["text"] * len(points["x"]), **columns})
    for media_type, compression in ((STREAM, None), (FILE, "lz4"), (STREAM, "zstd"), (PARQUET, "gzip")):
        assert told(await sent(client, path, packed(table, media_type, compression), media_type, **query)) == wanted


async def test_repeated_parameters_are_a_list(client: httpx.AsyncClient) -> None:
    wanted = told(await client.post("/v1/regressions", json=NOISY | {"regularisation": [1, 0.5], "shape": ["convex"]}))
    body = as_csv(NOISY["x"], NOISY["y"])
    query = {"regularisation": ["1", "0.5"], "shape": "convex"}
    assert told(await sent(client, "/v1/regressions", body, **query)) == wanted


async def test_weights_are_a_column(client: httpx.AsyncClient) -> None:
    body: dict[str, Any] = NOISY | {"regularisation": 0.1, "weights": [1, 2, 3, 4, 5, 6, 7, 8]}
    wanted = told(await client.post("/v1/regressions", json=body))
    columns: list[list[float]] = [body["weights"], body["y"], body["x"]]
    rows = zip(*columns, strict=True)
    text = "weights,y,x\n" + "".join(f"{w},{y},{x}\n" for w, y, x in rows)
    assert told(await sent(client, "/v1/regressions", text.encode(), regularisation=0.1)) == wanted
    renamed = text.replace("weights", "n").replace("x", "year").encode()
    names = {"x_column": "year", "weights_column": "n"}
    assert told(await sent(client, "/v1/regressions", renamed, regularisation=0.1, **names)) == wanted


FORMS = ("{!r},{!r}\n", '"{!r}" ,{!r}\r\n', " {!r}, {!r}\n", "{!r}\t{!r}\n", "{!r};{!r}\r\n\r\n", "{:.17g},{:+.17g}\r")
numbers = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(
    points=st.lists(st.tuples(numbers, numbers), min_size=2, max_size=12),
    form=st.sampled_from(FORMS),
    header=st.sampled_from(["", "x,y\n", "\ufeffx,y\r\n", "\n\nyear,volume\n"]),
)  # fmt: skip
def test_any_csv_has_the_same_numbers(points: list[tuple[float, float]], form: str, header: str) -> None:
    delimiter = next(mark for mark in "\t;," if mark in form)
    x, y = zip(*points, strict=True)
    end = "\r" if form.endswith("\r") else "\n"
    text = as_csv(x, y, form, header.replace(",", delimiter).replace("\n", end))
    found = csv_tables.read(text, Choice(("x", "y")), 100)
    assert (found["x"].tolist(), found["y"].tolist()) == (list(x), list(y))
    if delimiter != ",":
        decimals = as_csv(x, y, form, header.replace(",", delimiter)).replace(b".", b",")
        found = csv_tables.read(decimals, Choice(("x", "y")), 100)
        assert (found["x"].tolist(), found["y"].tolist()) == (list(x), list(y))


@given(points=st.dictionaries(st.integers(-50, 50), st.integers(-50, 50), min_size=2, max_size=8))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
async def test_csv_and_json_agree(client: httpx.AsyncClient, points: dict[int, int]) -> None:
    x, y = [key / 8 for key in points], [value / 4 for value in points.values()]
    wanted = told(await client.post("/v1/interpolations", json={"x": x, "y": y}))
    assert told(await sent(client, "/v1/interpolations", as_csv(x, y))) == wanted


TOO_LONG = "line 2: 4 cells, where the first line has 2; where decimals have commas, separate columns by ; or tabs"
GOOD = "".join(f"{row},{row % 3}\n" for row in range(15))


@pytest.mark.parametrize(
    ("text", "pointer", "detail"),
    [
        ("x,y\n" + GOOD + "15,n/a\n", "/y/15", "line 17, column y: 'n/a' is not a number"),
        (GOOD + "15,n/a\n", "/y/15", "line 16, column 2: 'n/a' is not a number"),
        ("year,flow\n1,2\n\n2,\n", "/y/1", "line 4, column flow: empty"),
        ("1,2\nnan,3\n", "/x/1", "line 2, column 1: 'nan' is not finite"),
        ("1,2\n-inf,3\n", "/x/1", "line 2, column 1: '-inf' is not finite"),
        ("1,2\n1e400,3\n", "/x/1", "line 2, column 1: '1e400' is not finite"),
        ("x,y\n2020-01-01,3\n", "/x/0", "line 2, column x: '2020-01-01' is not a number"),
        ("1,2\n1_0,3\n", "/x/1", "line 2, column 1: '1_0' is not a number"),
        ("1,2\n٣,3\n", "/x/1", "line 2, column 1: '٣' is not a number"),
        ("1,2\ntrue,3\n", "/x/1", "line 2, column 1: 'true' is not a number"),
        ("1,2\n3\n", "/y/1", "line 2, column 2: empty"),
        ("x;y\n1,5;2\n2.5;1,5\n", "/x/1", "line 3, column x: '2.5' has another decimal sign than most"),
        ("x,y\n1,5,2,5\n", "/x/0", TOO_LONG),
        ("x,y\n1,2\n,\n3,4\n", "/x/1", "line 3, column x: empty"),
        ("x,y\n1," + "9" * 50 + "z\n", "/y/0", "line 2, column y: '" + "9" * 40 + "...' is not a number"),
        ("", "", "The table is empty"),
        (" \n\n", "", "The table is empty"),
        ("1\n2\n", "", "A table without a header has two columns, x and y; this one has 1"),
        ("1,2,3\n4,5,6\n", "", "A table without a header has two columns, x and y; this one has 3"),
        ("a,b,c\n4,5,6\n", "", "Call two columns x and y, or name them by x_column and y_column; they are a, b, c"),
        ("x,x,y\n4,5,6\n", "/x", "The table has 2 columns of that name"),
        ("X,X,y\n4,5,6\n", "/x", "The table has 2 columns of that name"),
        ("y,y\n4,5\n6,7\n", "/y", "The table has 2 columns of that name"),
        ("x,y\n1," + "q" * 200_000 + "\n", "", "line 2: field larger than field limit (131072)"),
        ("q" * 100_000 + ",y\n1,2\n", "", "The first line is longer than 65536 bytes"),
        ("x,y\n1,2\n", "/x", "List should have at least 2 items after validation, not 1"),
        ("x,y\n1,2\n1,3\n", "/y/1", "Points 0 and 1 have the same abscissa but different ordinates."),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_by_line_and_column(
    client: httpx.AsyncClient, text: str, pointer: str, detail: str
) -> None:
    assert await refusal(await sent(client, "/v1/interpolations", text.encode())) == (422, pointer, detail)


@pytest.mark.parametrize("names", ["weights,y", "x,weights", "weights,a"])
async def test_weights_are_no_point(client: httpx.AsyncClient, names: str) -> None:
    answer = await sent(client, "/v1/regressions", f"{names}\n1,2\n3,4\n".encode(), regularisation="1")
    detail = f"Call two columns x and y, or name them by x_column and y_column; they are {names.replace(',', ', ')}"
    assert await refusal(answer) == (422, "", detail)


async def test_many_wrong_lines_do_not_make_a_long_answer(client: httpx.AsyncClient) -> None:
    answer = await sent(client, "/v1/interpolations", b"x,y\n" + b"a,b\n" * 5_000)
    assert len(answer.json()["errors"]) == 20
    assert len(answer.content) < 5_000


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfx,y\r\n0,1\r\n1,2\r\n2,0\r\n\r\n\r\n",
        b"0,1\r1,2\r2,0\r",
        b"\n  \nx , y \n0,1\n1,2\n2,0",
        b'"x","y"\n"0","1"\n "1", "2"\n+2.,.0\n',
        b"x,y,\n0,1,\n1,2,\n2,0,\n,,\n,,\n",
        b"x;y\n0;1\n1,0;2\n2,0;0e0\n;\n",
        b"name\ty\tx\nAnna, the first\t1\t0\nB\t2\t1\nC\t0,0\t2\n",
        b'"Jahr\n(n. Chr.)";H\xf6he\n0;1\n1;2\n2;0\n',
        b"y,x\n1,0\n2,1\n0,2\n",
        b"Y,X\n1,0\n2,1\n0,2\n",
        b"Y,t\n1,0\n2,1\n0,2\n",
        b"X,x,y\n9,0,1\n9,1,2\n9,2,0\n",
    ],
)
async def test_what_is_odd_but_clear_is_read(client: httpx.AsyncClient, text: bytes) -> None:
    wanted = told(await client.post("/v1/interpolations", json={"x": [0, 1, 2], "y": [1, 2, 0]}))
    assert told(await sent(client, "/v1/interpolations", text)) == wanted


async def test_the_media_type_may_say_whether_there_is_a_header(client: httpx.AsyncClient) -> None:
    text = b"1,2\n3,4\n5,0\n"
    for parameter, count in (("; header=present", 2), ("; charset=utf-8; header=absent", 3), ("", 3)):
        answer = await sent(client, "/v1/interpolations", text, CSV + parameter, explain="false")
        assert len(answer.json()["result"]["certificate"]["dual_values"]) == count
    for parameter in ("; charset=latin-1", "; header=perhaps"):
        assert (await sent(client, "/v1/interpolations", text, CSV + parameter)).status_code == 415
    utf_16 = "x,y\n1,2\n".encode("utf-16")
    assert (await sent(client, "/v1/interpolations", utf_16)).json()["type"] == "/problems/invalid-table"


@pytest.mark.parametrize(
    ("query", "pointer", "detail"),
    [
        ({"regularisation": "much"}, "/regularisation", "Input should be a valid number"),
        ({"regularisation": "NaN"}, "/regularisation", "Input should be a finite number"),
        ({"regularisation": ""}, "/regularisation", "Input should be a valid number"),
        ({"regularisation": "1", "loss": "cubic"}, "/loss", "Input should be 'squared', 'absolute' or 'huber'"),
        ({"regularisation": "1", "loss": ["squared", "huber"]}, "/loss", "Given 2 times in the query"),
        ({"regularisation": "1", "gap": ["1e-3", "1e-3"]}, "/gap", "Given 2 times in the query"),
        ({"regularisation": "1", "penalise_biases": "yes"}, "/penalise_biases", "Input should be a valid boolean"),
        ({"regularisation": "1", "steps": "3"}, "/steps", "Extra inputs are not permitted"),
        ({"regularisation": "1", "x": "[0, 1]"}, "/x", "It is a column of the table already"),
        ({"regularisation": "1", "y.z": "1"}, "/y/z", "Given as a whole and in parts"),
        ({"path.count": "3", "path": '{"count": 3}'}, "/path", "Given as a whole and in parts"),
        ({"path.count": "1"}, "/path/count", "Input should be greater than or equal to 2"),
        ({"regularisation": "1", "x_column": "z"}, "/x_column", "The table has no such column, but x, y"),
        ({"regularisation": "1", "x_column": ["x", "x"]}, "/x_column", "Given 2 times in the query"),
        ({"regularisation": "1", "table": "chairs"}, "/table", None),
        ({"regularisation": "1", "width": "9"}, "/width", "Input should be greater than or equal to 200"),
        ({str(count): "" for count in range(101)}, "", "A query has at most 100 parameters"),
        ({"a." * 10_000: "1", "regularisation": "1"}, "/a", "Extra inputs are not permitted"),
    ],
)  # fmt: skip
async def test_what_is_wrong_with_the_query_is_named(
    client: httpx.AsyncClient, query: Any, pointer: str, detail: str | None
) -> None:
    answer = await refusal(await sent(client, "/v1/regressions", as_csv(NOISY["x"], NOISY["y"]), **query))
    assert answer[:2] == (422, pointer)
    assert answer[2] == detail or detail is None


BAD_TABLES: list[tuple[dict[str, Any], str, str]] = [
    ({"x": [0, 1, None], "y": [1, 2, 3]}, "/x/2", "row 3, column x: null"),
    ({"x": [0, 1, 2], "y": [1, np.nan, 3]}, "/y/1", "row 2, column y: not finite"),
    ({"x": [0, 1, 2], "y": [1, np.inf, 3]}, "/y/1", "row 2, column y: not finite"),
    ({"x": [0, 1, 2], "y": ["1", "2", "3"]}, "/y", "column y: its type is string, but has to be a number"),
    ({"x": [True, False, True], "y": [1, 2, 3]}, "/x", "column x: its type is bool, but has to be a number"),
    ({"x": pa.array([0, 1, 2]).dictionary_encode(), "y": [1, 2, 3]}, "/x", "column x: its type is dictionary"),
    ({"x": pa.array([0, 1, 2], pa.timestamp("s")), "y": [1, 2, 3]}, "/x", "column x: its type is timestamp"),
    ({"x": [[0], [1], [2]], "y": [1, 2, 3]}, "/x", "column x: its type is list"),
    ({"x": [0], "y": [1]}, "/x", "List should have at least 2 items"),
    ({"a": [0], "b": [1], "c": [1]}, "", "Call two columns x and y"),
    ({"a": [0]}, "", "Two columns are needed"),
    ({"x": range(10_001), "y": range(10_001)}, "/x", "10001 rows; the limit is 10000."),
]


@pytest.mark.parametrize(
    ("media_type", "columns", "pointer", "detail"),
    [
        (media_type, *bad)
        for media_type, bad in itertools.product((STREAM, FILE, PARQUET), BAD_TABLES)
        if not (media_type == PARQUET and "dictionary" in bad[2])  # dictionaries of numbers are none in Parquet
    ],
)
async def test_columns_have_to_be_numbers(
    client: httpx.AsyncClient, media_type: str, columns: Any, pointer: str, detail: str
) -> None:
    table = pa.table(columns)
    body = packed(table, media_type, chunk=2 + table.num_rows // 3)
    status, found, message = await refusal(await sent(client, "/v1/interpolations", body, media_type))
    assert (status, found) == (422, pointer)
    assert message.startswith(detail)


@pytest.mark.parametrize("media_type", [STREAM, FILE, PARQUET])
@pytest.mark.parametrize("kind", [pa.int8(), pa.uint64(), pa.float32(), pa.int64()])
async def test_any_kind_of_number_is_read(client: httpx.AsyncClient, media_type: str, kind: pa.DataType) -> None:
    wanted = told(await client.post("/v1/interpolations", json={"x": [0, 1, 2], "y": [1, 2, 0]}))
    columns = {"a": pa.array([0, 1, 2], kind), "b": pa.array([1, 2, 0], kind), "__index_level_0__": [7, 8, 9]}
    assert told(await sent(client, "/v1/interpolations", packed(pa.table(columns), media_type), media_type)) == wanted


def mapped(body: bytes | bytearray) -> mmap.mmap:
    """As long bodies are."""
    found = mmap.mmap(-1, len(body), mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    found[:] = body
    return found


def y_of(body: RawBody, media_type: str = STREAM) -> np.ndarray[Any, np.dtype[np.float64]]:
    found: np.ndarray[Any, np.dtype[np.float64]]
    found = TableReader(InterpolationRequest).read(media_type, body, b"", GatewaySettings())["y"]
    assert found.flags.writeable
    assert found.flags.aligned
    return found


@pytest.mark.parametrize("media_type", [STREAM, FILE])
def test_columns_of_a_long_body_are_not_copied(media_type: str) -> None:
    column = np.linspace(-1.0, 1.0, 101)
    plain = pa.table({"x": column, "other": ["a"] * 101, "y": column})
    body = mapped(packed(plain, media_type, chunk=101))
    found = y_of(body, media_type)
    assert found.tolist() == column.tolist()
    assert np.shares_memory(found, np.frombuffer(body, np.uint8))


@pytest.mark.parametrize("way", ["compressed", "in batches", "of another type", "short", "Parquet"])
def test_columns_that_are_not_there_as_they_are_needed_are_copied(way: str) -> None:
    column = np.arange(101.0)
    table = pa.table({"x": column, "y": pa.array(column, pa.float32() if way == "of another type" else pa.float64())})
    media_type = PARQUET if way == "Parquet" else STREAM
    compression = "zstd" if way == "compressed" else None
    packed_table = packed(table, media_type, compression, chunk=50 if way == "in batches" else 101)
    body = packed_table if way == "short" else mapped(packed_table)
    found = y_of(body, media_type)
    assert found.tolist() == column.tolist()
    assert not np.shares_memory(found, np.frombuffer(body, np.uint8))


def test_a_column_at_an_odd_place_is_copied() -> None:
    column = np.arange(101.0)
    whole = packed(pa.table({"x": column, "y": column}), STREAM, chunk=101)
    mark, size = struct.unpack_from("<ii", whole)
    # Four bytes more of the first message, which nobody reads.
    body = mapped(struct.pack("<ii", mark, size + 4) + whole[8 : 8 + size] + bytes(4) + whole[8 + size :])
    found = y_of(body)
    assert found.tolist() == column.tolist()
    assert not np.shares_memory(found, np.frombuffer(body, np.uint8))


@pytest.mark.parametrize("media_type", [STREAM, FILE, PARQUET])
async def test_other_columns_may_have_equal_names(client: httpx.AsyncClient, media_type: str) -> None:
    wanted = told(await client.post("/v1/interpolations", json={"x": [0, 1, 2], "y": [1, 2, 0]}))
    for columns, names in (([[5, 5, 5], [1, 2, 0], [6, 6, 6], [0, 1, 2]], "ayax"), ([[0, 1, 2], [1, 2, 0]], "aa")):
        table = pa.table([pa.array(column) for column in columns], names=list(names))
        if (media_type, names) == (PARQUET, "aa"):
            assert (await sent(client, "/v1/interpolations", packed(table, media_type), media_type)).status_code == 422
            continue
        assert told(await sent(client, "/v1/interpolations", packed(table, media_type), media_type)) == wanted


@pytest.mark.parametrize("media_type", [STREAM, FILE, PARQUET])
async def test_damaged_files_are_refused(client: httpx.AsyncClient, media_type: str) -> None:
    whole = packed(pa.table({"x": [0.5, 1, 2], "y": [1, 2, 0]}), media_type)
    for body in (whole[: len(whole) // 2], b"", b"PAR1", whole.swapcase(), b"x,y\n1,2\n"):
        answer = await sent(client, "/v1/interpolations", body, media_type)
        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-table")


@pytest.mark.parametrize("compression", [None, "zstd"])
@pytest.mark.parametrize("media_type", [STREAM, FILE, PARQUET])
def test_no_damage_ends_the_process(media_type: str, compression: str | None) -> None:
    """Each byte turned over, one after the other."""
    reader, limits = TableReader(InterpolationRequest), GatewaySettings(max_points=1_000, max_body_bytes=1_000_000)
    columns = {"x": [0.5, 1, None], "y": [1.0, 2.0, 0.0], "z": ["a", "b", "b"]}
    whole = packed(pa.table(columns), media_type, compression)
    for place in range(len(whole)):
        for flip in (0xFF, 0x01, 0x80):
            damaged = bytearray(whole)
            damaged[place] ^= flip
            for body in (bytes(damaged), mapped(damaged)):
                with contextlib.suppress(GatewayError, RequestValidationError):
                    reader.read(media_type, body, b"", limits)


@pytest.mark.parametrize(("media_type", "compression"), [(STREAM, "zstd"), (FILE, "lz4"), (PARQUET, "zstd")])
async def test_bombs_in_tables_are_refused_soon(
    app: Any, client: httpx.AsyncClient, media_type: str, compression: str
) -> None:
    app.state.settings = GatewaySettings(max_points=10**9, max_body_bytes=2_000_000)
    zeros = np.zeros(10_000_000)
    bomb = packed(pa.table({"x": zeros, "y": zeros}), media_type, compression, chunk=10**9)
    started = time.process_time()
    answer = await sent(client, "/v1/interpolations", bomb, media_type)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
    assert time.process_time() - started < 10  # milliseconds; decoding all of it would take longer


async def test_too_many_lines_are_refused(client: httpx.AsyncClient) -> None:
    for count in (10_001, 400_000):
        answer = await refusal(await sent(client, "/v1/interpolations", b"1,2\n" * count))
        assert answer[:2] == (422, "/x")
    assert (await sent(client, "/v1/interpolations", b"1,2\n" * 600_000)).status_code == 413


async def test_kinds_without_points_take_json_only(client: httpx.AsyncClient) -> None:
    assert (await sent(client, "/v1/norms", b"1,2\n")).status_code == 415
    assert (await sent(client, "/v1/batches", b"1,2\n")).status_code == 415


async def test_trainings_know_their_width(client: httpx.AsyncClient) -> None:
    """As far as the queue, which is not there."""
    query = {"width": "20", "steps": "10", "optimiser.step_size": "0.01", "seeds": ["1", "2"]}
    body = as_csv(FIVE_POINTS["x"], FIVE_POINTS["y"])
    assert (await sent(client, "/v1/trainings", body, **query)).status_code == 503
    wrong = await sent(client, "/v1/trainings", body, width="0")
    assert wrong.json()["errors"][0]["pointer"] == "/width"
    deep = await sent(client, "/v1/trainings", body, **{"optimiser.step_size": "0"})
    assert deep.json()["errors"][0]["pointer"] == "/optimiser/step_size"
