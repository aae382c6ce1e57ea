"""What a record costs as the ledger grows, and how much memory its keepers hold.

    python -m simulators.bench growth
    LEAVES=10000000 python -m simulators.bench growth

Between the measurements the ledger is filled with made-up rows of other devices, through its own tables and its own
tree. What is measured is the real ingest over really sealed envelopes, in this process: from the posted bytes to the
sealed answer. ``RECORDS`` really sealed records then go into the running service.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cloud.app import build_ingest
from cloud.config import load
from cloud.db.engine import Store
from cloud.ingest.service import Taken
from cloud.ledger import store
from cloud.stores import open_ledger
from simulators.bench import processor_time
from simulators.bench.figures import Figure, at_most
from simulators.bench.log import LEAVES, fill
from simulators.bench.yard import CONNECTIONS, Yard

SMALLEST = 10_000
ENVELOPES, RECORDS_IN_ONE = 8, 500
RECORDS = int(os.environ.get("RECORDS", "40000"))
"""Records through the running service, for its memory."""
MOST_GROWTH = 1.25
"""The same work varies by a tenth from one moment to the next on a shared machine."""


def figures() -> list[Figure]:
    """Measure on a fresh cloud each."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_cost_figures(Path(folder, "cost")), *_memory_figures(Path(folder, "memory"))]


def _sizes() -> Iterator[int]:
    size = SMALLEST
    while size < LEAVES:
        yield size
        size *= 10
    yield LEAVES


def _cost_figures(folder: Path) -> Iterator[Figure]:
    with Yard(folder) as yard:
        config = load(folder / "cloud")
        ledger = open_ledger(config)
        take = build_ingest(config).take
        costs = []
        for size in _sizes():
            fill(ledger, _size(ledger), size)
            costs.append(min(_cost_s(take, body) for body in yard.envelopes(ENVELOPES, RECORDS_IN_ONE)))
            yield Figure(f"processor time of a record, ledger of {size:,}", f"{costs[-1] * 1e6:.0f} µs")
            held = processor_time.memory_of_tree(os.getpid()) / 1e6
            yield Figure(f"memory of that process, client included, ledger of {size:,}", f"{held:.0f} MB")
        ledger.close()
    yield at_most(f"the same at {LEAVES:,} against {SMALLEST:,}", costs[-1] / costs[0], MOST_GROWTH, "times", 2)


def _size(ledger: Store) -> int:
    with ledger.reader.connect() as connection:
        return store.last_index(connection)


def _cost_s(take: Callable[[bytes, str], Taken], body: bytes) -> float:
    start = time.process_time()
    take(body, "gzip")
    return (time.process_time() - start) / RECORDS_IN_ONE


def _memory_figures(folder: Path) -> Iterator[Figure]:
    """Post in portions, sealed as they are wanted, so that the client's own memory does not grow either."""
    with Yard(folder, ("--workers", str(os.cpu_count()))) as yard:
        yard.cloud.start()
        megabytes = []
        portion = CONNECTIONS * 4
        for _ in range(max(RECORDS // (portion * RECORDS_IN_ONE), 4)):
            yard.post(yard.envelopes(portion, RECORDS_IN_ONE))
            megabytes.append(processor_time.memory_of_tree(yard.cloud.pid) / 1e6)
    after = portion * RECORDS_IN_ONE
    for number in sorted({0, len(megabytes) // 2, len(megabytes) - 1}):
        records = (number + 1) * after
        yield Figure(f"memory of the cloud's processes after {records:,} records", f"{megabytes[number]:.0f} MB")
