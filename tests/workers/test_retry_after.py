"""When who is refused is told to come back. Work that began an hour ago makes paces that no delay of tests disturbs."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.processes import eventually
from tests.workers.claims import ANSWER, JOB
from tests.workers.processes import Server
from workers.batches import NewBatch
from workers.connection import connect
from workers.errors import LedgerFull, NoPlace
from workers.ledger import Ledger
from workers.records import State, Tally
from workers.settings import WorkerSettings

HOUR_S = 3600.0
QUOTA, DEPTH, RETENTION_S = 10, 4, 500.0
MEGABYTE = 2**20


@pytest.fixture
def ledger(settings: WorkerSettings) -> Iterator[Ledger]:
    """A small one."""
    limits = {"caller_items": QUOTA, "queue_items": DEPTH, "retention_s": RETENTION_S}
    client = connect(settings)
    yield Ledger(client, settings.model_copy(update=limits))
    client.close()


def submit(ledger: Ledger, name: str, caller: str, queue: str = "interactive") -> None:
    ledger.submit(replace(JOB, id=name, caller=caller, queue=queue))


def open_batch(ledger: Ledger, name: str, caller: str, *items: int) -> None:
    for index in range(len(items)):
        ledger.stage(name, index, b"payload")
    ledger.open(NewBatch(name, caller, [("batch", count) for count in items]))


def finish_next(ledger: Ledger, server: Server, queue: str, *began: str) -> None:
    """End the next job of a queue; what is named in its record began an hour ago."""
    claim = ledger.claim(queue)
    assert claim is not None
    for name in began:
        server.client.hincrbyfloat(f"minnorm:job:{claim.id}", name, -HOUR_S)
    assert ledger.finish(claim, replace(ANSWER, tally=Tally(1, 0)))


@contextmanager
def room_for(server: Server, size: int) -> Iterator[None]:
    server.client.config_set("maxmemory", int(server.client.info("memory")["used_memory"]) + size)
    yield
    server.client.config_set("maxmemory", 0)


def about(seconds: float) -> object:
    return pytest.approx(seconds, rel=0.2)


def test_a_quota_goes_by_the_pace_of_the_caller_and_not_of_the_queue(ledger: Ledger, every_server: Server) -> None:
    for number in range(4):
        submit(ledger, f"slow{number}", "slow")
    finish_next(ledger, every_server, "interactive", "created_at")  # it has waited for those of others
    submit(ledger, "quick", "quick", "batch")
    finish_next(ledger, every_server, "batch")
    with pytest.raises(NoPlace) as refused:
        open_batch(ledger, "b", "slow", 5, 4)
    assert refused.value.retry_after_s == about(2 * HOUR_S)


def test_a_caller_whose_pace_is_not_known_is_told_that_of_the_queue(ledger: Ledger, every_server: Server) -> None:
    open_batch(ledger, "a", "other", 1)
    finish_next(ledger, every_server, "batch", "created_at", "started_at")
    open_batch(ledger, "b", "new", 2)
    with pytest.raises(NoPlace) as refused:
        open_batch(ledger, "c", "new", 9)
    assert refused.value.retry_after_s == about(HOUR_S)


def test_more_than_a_quota_waits_only_for_what_is_there(ledger: Ledger, every_server: Server) -> None:
    submit(ledger, "a", "me")
    finish_next(ledger, every_server, "interactive", "created_at")
    submit(ledger, "b", "me")
    with pytest.raises(NoPlace) as refused:
        open_batch(ledger, "c", "me", 5 * QUOTA)
    assert refused.value.retry_after_s == about(HOUR_S)


def test_a_depth_counts_chunks_and_not_their_items(ledger: Ledger, every_server: Server) -> None:
    open_batch(ledger, "a", "me", *[100] * (DEPTH + 2))
    finish_next(ledger, every_server, "batch", "created_at", "started_at")
    with pytest.raises(LedgerFull) as refused:
        open_batch(ledger, "b", "you", 1)
    assert refused.value.retry_after_s == about(2 * HOUR_S)


def test_a_pace_follows_a_change_within_a_few_jobs(ledger: Ledger, every_server: Server) -> None:
    open_batch(ledger, "a", "me", *[1] * (DEPTH + 5))
    finish_next(ledger, every_server, "batch")
    for _ in range(4):
        every_server.client.hincrbyfloat("minnorm:pace:queue:batch", "at", -HOUR_S)
        finish_next(ledger, every_server, "batch", "started_at")
    with pytest.raises(LedgerFull) as refused:
        open_batch(ledger, "b", "you", 1)
    assert HOUR_S / 2 < refused.value.retry_after_s < HOUR_S


def test_full_memory_waits_for_the_results_of_a_batch(ledger: Ledger, every_server: Server) -> None:
    open_batch(ledger, "a", "me", 1)
    finish_next(ledger, every_server, "batch")
    assert ledger.batch("a").state is State.SUCCEEDED
    with room_for(every_server, MEGABYTE), pytest.raises(LedgerFull) as refused:
        ledger.stage("b", 0, bytes(MEGABYTE))
    assert refused.value.retry_after_s == about(RETENTION_S)
    ledger.delete_batch("a")
    assert not every_server.client.exists("minnorm:ended")


def test_memory_that_is_full_of_what_is_on_its_way_has_room_in_a_moment(ledger: Ledger, every_server: Server) -> None:
    submit(ledger, "a", "me")
    finish_next(ledger, every_server, "interactive")
    with room_for(every_server, 20 * MEGABYTE), half_a_command(every_server, 18 * MEGABYTE):
        with pytest.raises(LedgerFull) as refused:
            ledger.stage("b", 0, bytes(MEGABYTE))
        assert refused.value.retry_after_s == 1.0
        with pytest.raises(LedgerFull) as refused:
            ledger.stage("b", 0, bytes(10 * MEGABYTE))
        assert refused.value.retry_after_s == about(RETENTION_S)


@contextmanager
def half_a_command(server: Server, size: int) -> Iterator[None]:
    """Another client that has sent so much of a value, and not its end."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(server.url.removeprefix("unix://"))
        client.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n" % (2 * size) + bytes(size))
        eventually(lambda: server.client.info("memory")["mem_clients_normal"] > size)
        yield
