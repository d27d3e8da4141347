"""Bodies and requests that mean no good, as raw bytes."""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

GOOD = b'{"x": [0, 1, 2], "y": [0, 1, 0]}'


@dataclass(frozen=True)
class Hostile:
    """A request that must be refused with one of these statuses."""

    body: bytes
    statuses: tuple[int, ...]
    headers: dict[str, str] = field(default_factory=dict)
    path: str = "/v1/interpolations"
    is_http: bool = True
    """Whether the refusal comes from this service, and not from the parser of HTTP before it."""

    def request(self) -> bytes:
        """The request as it goes over the wire; a header with an empty value is left out."""
        headers = {
            "Host": "test",
            "Content-Type": "application/json",
            "Content-Length": str(len(self.body)),
            "Connection": "close",
        } | self.headers
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
        return f"POST {self.path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + self.body


def _points(x: str, y: str = "[0, 1, 0]") -> bytes:
    return f'{{"x": {x}, "y": {y}}}'.encode()


def _zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("body.json", GOOD)
    return file.getvalue()


BAD, WRONG, MEDIA = (400,), (422,), (415,)
DEEP = 100_000
_LABELLED = {"x": [-1, 0, 1], "y": [1, -1, 1]}
_FUNCTION = {"x0": 0, "y0": 0, "slope0": 0, "kinks": [0], "slope_changes": [1]}

NUMBERS = {
    "nan": Hostile(_points("[0, NaN, 2]"), WRONG),
    "infinity": Hostile(_points("[0, 1, Infinity]"), WRONG),
    "minus infinity": Hostile(_points("[-Infinity, 1, 2]"), WRONG),
    "too large for a double": Hostile(_points("[0, 1, 1e400]"), WRONG),
    "an integer of 5,000 digits": Hostile(_points(f"[0, 1, {'9' * 5_000}]"), (400, 422)),
    "a mantissa of a million digits": Hostile(_points(f"[0, 1, 0.{'1' * 10**6}e999]"), (400, 422)),
    "an exponent of 5,000 digits": Hostile(_points(f"[0, 1, 1e{'9' * 5_000}]"), (400, 422)),
    "hexadecimal": Hostile(_points("[0, 1, 0x10]"), BAD),
    "a leading zero": Hostile(_points("[0, 1, 02]"), BAD),
    "a leading plus": Hostile(_points("[0, 1, +2]"), BAD),
    "a point without a digit": Hostile(_points("[0, 1, 2.]"), BAD),
    "numbers as strings": Hostile(_points('["0", "1", "2"]'), WRONG),
    "booleans": Hostile(_points("[false, true, 2]"), WRONG),
    "nulls": Hostile(_points("[0, null, 2]"), WRONG),
    "numbers in objects": Hostile(_points('[{"$numberDouble": "1"}, 1, 2]'), WRONG),
    "nested columns": Hostile(_points("[[0], [1], [2]]"), WRONG),
}
TEXT = {
    "nothing": Hostile(b"", WRONG),
    "white space": Hostile(b" \n\t ", BAD),
    "half of it": Hostile(GOOD[: len(GOOD) // 2], BAD),
    "two of them": Hostile(GOOD + GOOD, BAD),
    "a trailing comma": Hostile(_points("[0, 1, 2,]"), BAD),
    "comments": Hostile(b"/* points */ " + GOOD, BAD),
    "single quotes": Hostile(GOOD.replace(b'"', b"'"), BAD),
    "a byte order mark": Hostile(b"\xef\xbb\xbf" + GOOD, BAD),
    "UTF-16": Hostile(GOOD.decode().encode("utf-16"), BAD),
    "UTF-32": Hostile(GOOD.decode().encode("utf-32"), BAD),
    "no UTF-8": Hostile(b'{"x": "\xff\xfe\xc0\x80"}', BAD),
    "an overlong slash": Hostile(b'{"\xc0\xaf": 1}', BAD),
    "half a surrogate as a name": Hostile(rb'{"\ud800": 1, "x": [0, 1], "y": [0, 1]}', (400, 422)),
    "half a surrogate as a value": Hostile(rb'{"x": [0, 1], "y": [0, 1], "objective": "\ud800"}', (400, 422)),
    "a null character": Hostile(b'{"x\x00": [0]}', BAD),
    "an escaped null character": Hostile(rb'{"x\u0000": [0]}', WRONG),
    "control characters": Hostile(b'{"x": [0, 1], "y": "\x01\x02"}', BAD),
    "random bytes": Hostile(bytes(range(256)) * 40, BAD),
    "a picture": Hostile(b"\x89PNG\r\n\x1a\n" + bytes(1_000), BAD),
    "XML": Hostile(b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', BAD),
}
SHAPES = {
    "a list": Hostile(b"[]", WRONG),
    "a string": Hostile(b'"x"', WRONG),
    "a number": Hostile(b"1", WRONG),
    "null": Hostile(b"null", WRONG),
    "deep lists": Hostile(b"[" * DEEP + b"]" * DEEP, (400, 422)),
    "deep objects": Hostile(b'{"x":' * DEEP + b"1" + b"}" * DEEP, (400, 422)),
    "deep without an end": Hostile(b"[" * DEEP, BAD),
    "deep inside of a field": Hostile(_points("[" * 5_000 + "]" * 5_000), (400, 422)),
    "a million fields": Hostile(b"{" + b",".join(b'"f%d":0' % i for i in range(10**6)) + b"}", WRONG),
    "a field of a million letters": Hostile(b'{"' + b"a" * 10**6 + b'": 1}', WRONG),
    "duplicate names": Hostile(b'{"x": [0, 1, 3], "x": [0, 1, 2], "y": [0, 1, 0]}', WRONG),
    "unknown fields": Hostile(b'{"x": [0, 1], "y": [0, 1], "__proto__": {"a": 1}, "constructor": 1}', WRONG),
    "two million numbers": Hostile(_points("[" + "0," * 2_000_000 + "0]"), WRONG),
    "columns of unequal length": Hostile(_points("[0, 1]"), WRONG),
    "conflicting points": Hostile(_points("[0, 0, 1]"), WRONG),
    "huge metadata": Hostile(json.dumps({"x": [0, 1], "y": [0, 1], "metadata": {"a": "b" * 10**6}}).encode(), WRONG),
    "a million shapes": Hostile(
        json.dumps(_LABELLED | {"regularisation": 1, "shape": ["convex"] * 10**6}).encode(),
        WRONG,
        path="/v1/regressions",
    ),
    "billions of steps of millions of neurons": Hostile(
        json.dumps(_LABELLED | {"width": 10**9, "steps": 10**18}).encode(), WRONG, path="/v1/trainings"
    ),
    "kinks that descend": Hostile(
        json.dumps({"function": _FUNCTION | {"kinks": [1, 0], "slope_changes": [1, 1]}}).encode(),
        WRONG,
        path="/v1/norms",
    ),
    "a batch of nothing": Hostile(b'{"items": []}', WRONG, path="/v1/batches"),
    "a batch of numbers": Hostile(b'{"items": [1, 2, 3]}', WRONG, path="/v1/batches"),
    "a batch line that is half": Hostile(
        b'{"custom_id": "a", "kind"', BAD, {"Content-Type": "application/x-ndjson"}, "/v1/batches"
    ),
}
HEADERS = {
    "no media type": Hostile(GOOD, MEDIA, {"Content-Type": ""}),
    "a form": Hostile(b"x=0&y=1", MEDIA, {"Content-Type": "application/x-www-form-urlencoded"}),
    "a multipart form": Hostile(b"--a\r\n\r\n--a--", MEDIA, {"Content-Type": "multipart/form-data; boundary=a"}),
    "a wrong charset": Hostile(GOOD, MEDIA, {"Content-Type": "application/json; charset=utf-16"}),
    "an unknown charset": Hostile(GOOD, MEDIA, {"Content-Type": "application/json; charset=klingon"}),
    "a media type of letters": Hostile(GOOD, MEDIA, {"Content-Type": "a" * 5_000}),
    "an unknown encoding": Hostile(GOOD, MEDIA, {"Content-Encoding": "rot13"}),
    "encodings without an end": Hostile(GOOD, (400, 415), {"Content-Encoding": ", ".join(["gzip"] * 500)}),
    "gzip that is none": Hostile(GOOD, (400, 415), {"Content-Encoding": "gzip"}),
    "gzip that is torn": Hostile(gzip.compress(GOOD)[:-9], (400, 415), {"Content-Encoding": "gzip"}),
    "a zip archive": Hostile(_zipped(), BAD),
    "a gzip bomb": Hostile(gzip.compress(bytes(2**30 // 4)), (413, 415), {"Content-Encoding": "gzip"}),
    "a long idempotency key": Hostile(GOOD, BAD, {"Idempotency-Key": "k" * 300}),
    "a deadline in the past": Hostile(GOOD, BAD, {"Cancel-After": "-1"}),
    "a deadline that is no time": Hostile(GOOD, BAD, {"Cancel-After": "soon"}),
    "a body longer than allowed": Hostile(b"[", (413,), {"Content-Length": str(10**12)}),
    "two lengths": Hostile(GOOD, BAD, {"content-length": "5"}, is_http=False),
    "a negative length": Hostile(GOOD, BAD, {"Content-Length": "-5"}, is_http=False),
    "a length that is none": Hostile(GOOD, BAD, {"Content-Length": "many"}, is_http=False),
    "length and chunks": Hostile(GOOD + b"\r\n", BAD, {"Transfer-Encoding": "chunked"}, is_http=False),
    "chunks of a wrong size": Hostile(
        b"zz\r\n{}\r\n0\r\n\r\n", BAD, {"Transfer-Encoding": "chunked", "Content-Length": ""}, is_http=False
    ),
    "a huge header": Hostile(GOOD, (400, 431), {"X-Padding": "a" * 10**6}, is_http=False),
}
CORPUS = NUMBERS | TEXT | SHAPES | HEADERS


def endless(path: str = "/v1/interpolations") -> Iterator[bytes]:
    """A request in chunks that never ends."""
    head = f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield head.encode()
    while True:
        yield b"10000\r\n" + b" " * 0x10000 + b"\r\n"
