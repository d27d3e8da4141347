"""`python -m service.keys`: issue, list and revoke the keys that callers send.

python -m service.keys issue --name ci --scope read --scope solve --expires 90d
python -m service.keys list
python -m service.keys revoke 0123456789ab
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import anyio

from service.queueing import KeyRecord, Queue
from service.scopes import SCOPES
from service.settings import gateway_settings
from service.terms import duration_s
from workers.broker_program import BrokerUnavailable
from workers.embedded import EmbeddedBroker
from workers.errors import LedgerUnavailable
from workers.settings import WorkerSettings, worker_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; exit status 1 if that could not be."""
    asked = _parser().parse_args(arguments)
    queue = Queue(gateway_settings(), _reachable(worker_settings()))
    try:
        return anyio.run({"issue": _issue, "list": _list, "revoke": _revoke}[asked.verb], queue, asked)
    except LedgerUnavailable as error:
        _say(f"{error}. Is the service running? If not with `make run` in this folder, set MINNORM_REDIS_URL.")
        return 1


async def _issue(queue: Queue, asked: argparse.Namespace) -> int:
    record, key = await queue.issue_key(asked.name, sorted(set(asked.scope)), asked.rate, asked.expires)
    _say(f"Key {record.id} for {record.name}. It is shown this once; only a digest is kept:")
    sys.stdout.write(key + "\n")
    return 0


async def _list(queue: Queue, _: argparse.Namespace) -> int:
    for record in await queue.keys():
        sys.stdout.write(_line(record) + "\n")
    return 0


async def _revoke(queue: Queue, asked: argparse.Namespace) -> int:
    if await queue.revoke_key(asked.id):
        _say(f"Key {asked.id} is revoked; every gateway notices within {gateway_settings().key_cache_s:g} s.")
        return 0
    _say(f"There is no key {asked.id}.")
    return 1


def _line(record: KeyRecord) -> str:
    rate = "the usual rate" if record.rate is None else f"{record.rate} requests a window"
    end = "never expires" if record.expires_at is None else f"expires {_day(record.expires_at)}"
    scopes = ",".join(record.scopes)
    return f"{record.id}  {record.name}  {scopes}  {rate}  made {_day(record.created_at)}  {end}"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


def _say(message: str) -> None:
    """To the terminal, so that standard output is the key alone."""
    sys.stderr.write(message + "\n")


def _reachable(settings: WorkerSettings) -> WorkerSettings:
    """The Redis that the environment names, or else the one of `make run` in this folder."""
    if "redis_url" in settings.model_fields_set:
        return settings
    try:
        url = EmbeddedBroker(settings.data_dir, settings.broker_memory_bytes).url
    except BrokerUnavailable:
        return settings
    return settings.model_copy(update={"redis_url": url})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service.keys", description="API keys of this service.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    issue = verbs.add_parser("issue", help="make a key, and print it once")
    issue.add_argument("--name", required=True, type=_name, help="for the list: whose it is, or what for")
    issue.add_argument("--scope", required=True, action="append", choices=list(SCOPES), help="what it is good for")
    issue.add_argument("--rate", type=_rate, help="POST requests within MINNORM_RATE_WINDOW_S, if not the usual number")
    issue.add_argument("--expires", type=_life, help="after so long: 12h, 90d")
    verbs.add_parser("list", help="all keys that open something")
    verbs.add_parser("revoke", help="take a key away").add_argument("id")
    return parser


def _name(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise argparse.ArgumentTypeError("a name has printable characters")
    return value


def _rate(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise argparse.ArgumentTypeError("a whole number of at least 1")
    return int(value)


def _life(value: str) -> float:
    seconds = duration_s(value)
    if seconds is None:
        raise argparse.ArgumentTypeError("a time, for instance 12h or 90d")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
