"""A batch whose workers are killed."""

import random
import time
from typing import Any

from tests.faults.books import MARK, PATIENCE_S
from tests.faults.figures import Figures, Size
from tests.faults.scene import Scene
from tests.processes import eventually
from workers import chunks
from workers.batches import BatchRecord, NewBatch
from workers.records import State, new_id

QUEUE = "batch"
ITEMS = 25
"""In a chunk."""
CHANCE = random.Random(7)


def killed_batch(place: Scene, size: Size) -> Figures:
    """Each item is in the results once; a kill costs what its chunk had in hand."""
    slots = 2
    worker = place.worker(slots=slots, queue=QUEUE)
    batch = _open(place, size.jobs)
    for number in range(1, size.kills + 1):
        place.reach(max(size.jobs * number // (size.kills + 2), ITEMS * slots + 1))
        time.sleep(CHANCE.random() * size.seconds)
        place.crash(worker)
    record = _ended(place, batch)
    figures = Figures(accepted=size.jobs, kills=size.kills, executions=place.executions, wrong=place.wrong)
    seen = [number for index in range(record.chunks) for number in _numbers(place, batch, index)]
    figures.lost = size.jobs - len(set(seen))
    figures.doubled = len(seen) - len(set(seen)) + max(0, place.executions - size.jobs - size.kills * slots * ITEMS)
    figures.stuck = int(record.state is not State.SUCCEEDED) + int(bool(place.leftovers()))
    if record.counts["succeeded"] != size.jobs:
        place.wrong.append(f"counts {record.counts}")
    figures.note = f"{record.chunks} chunks"
    return figures


def _open(place: Scene, items: int) -> str:
    name, counts = new_id("batch"), list[tuple[str, int]]()
    for index, first in enumerate(range(0, items, ITEMS)):
        numbers = range(first, min(items, first + ITEMS))
        place.ledger.stage(name, index, chunks.join(_line(place, number) for number in numbers))
        counts.append((QUEUE, len(numbers)))
    place.ledger.open(NewBatch(name, "", counts))
    return name


def _line(place: Scene, number: int) -> bytes:
    return chunks.item_line(str(number), "count", _problem(place, number))


def _problem(place: Scene, number: int) -> dict[str, Any]:
    return {"executions": str(place.executions_file), "mark": MARK.format(number), "seconds": 0.01}


def _ended(place: Scene, batch: str) -> BatchRecord:
    def ended() -> BatchRecord | None:
        place.supervise()
        record = place.ledger.batch(batch)
        return record if record.state.terminal else None

    record = eventually(ended, 2 * PATIENCE_S, "end of the batch")
    assert record is not None
    return record


def _numbers(place: Scene, batch: str, index: int) -> list[int]:
    """The items of a chunk that have come to the right answer."""
    state, result, _ = place.ledger.chunk(batch, index)
    if state is not State.SUCCEEDED:
        return []
    items = [chunks.item(line) for line in chunks.split(result)]
    return [number for item in items if item.get("result") == _problem(place, number := int(item["custom_id"]))]
