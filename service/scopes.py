"""What a key may be good for, and what each request asks of it."""

from collections.abc import Mapping

READ, SOLVE, TRAIN, OPERATE = "read", "solve", "train", "operate"
SCOPES: Mapping[str, str] = {
    READ: "look at one's own jobs, batches and results, and at the capabilities",
    SOLVE: "have problems solved and answers verified, alone or in batches; cancel, retry and delete what is one's own",
    TRAIN: "have networks trained; cancel, retry and delete what is one's own",
    OPERATE: "read the figures for operators",
}
OPEN: frozenset[str] = frozenset()
"""For what needs no key: health, the documentation, pages for people."""
_READ, _SOLVE, _TRAIN, _OPERATE = (frozenset({scope}) for scope in SCOPES)
_GUARDED = "/v1/"
_OWN = ("/v1/jobs/", "/v1/batches/")


def scopes_for(method: str, path: str) -> frozenset[str]:
    """Scopes of which a key must have one for a request; none for what is open to all."""
    if path == "/metrics":
        return _OPERATE
    if not path.startswith(_GUARDED):
        return OPEN
    if method in ("GET", "HEAD"):
        return _READ
    if path.startswith(_OWN):
        return _SOLVE | _TRAIN
    return _TRAIN if path.startswith("/v1/trainings") else _SOLVE


def scope_of_kind(kind: str) -> str:
    """What an item of a batch needs besides."""
    return TRAIN if kind == "trainings" else SOLVE
