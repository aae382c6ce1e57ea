"""Where the processor time of a record goes on its way into the ledger: each step alone, in this process.

    python -m simulators.bench ingest

Best of several envelopes, because another program on the machine can only make a step look dearer.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from cloud import codec
from cloud.app import every_projection, now_ms, open_stores
from cloud.config import Config, load
from cloud.ingest import verify
from cloud.ingest.body import unfold
from cloud.ingest.verify import Envelope, Refused, Verified
from cloud.ledger import log
from cloud.ledger.log import ClockLimits
from cloud.projections import Projections
from cloud.registry import RegistryFile, Roll, read_root
from cloud.stores import Stores
from simulators.bench.figures import Figure

Work = TypeVar("Work")


def figures(directory: Path, bodies: Sequence[bytes]) -> list[Figure]:
    """Take these posted bodies into the ledger of a cloud that does not run, step by step."""
    config = load(directory)
    stores = open_stores(config)
    try:
        registry = RegistryFile(
            directory / "registry.cose", read_root(directory / "root.point"), stores.ledger, now_ms
        ).current()
        return [
            Figure(f"step: {name}", f"{seconds * 1e6:.0f} µs a record")
            for name, seconds in _steps(config, stores, registry, bodies)
        ]
    finally:
        stores.close()


def _steps(config: Config, stores: Stores, roll: Roll, bodies: Sequence[bytes]) -> Iterable[tuple[str, float]]:
    limit = config.max_envelope_bytes
    envelopes = [verify.open_envelope(unfold(body, "gzip", limit), roll, limit) for body in bodies]
    batches = [_good(verify.check_records(envelope, roll)) for envelope in envelopes]
    limits = ClockLimits(config.clock_ahead_hours, config.clock_behind_days)
    derived = Projections(stores.ledger, stores.projections, every_projection())
    applied: list[int] = []
    start = time.process_time()
    derived.catch_up(lambda _name, count: applied.append(count))
    caught_up_s, caught_up = time.process_time() - start, sum(applied) // len(derived.all)

    def append(batch: Sequence[Verified]) -> None:
        with stores.ledger.alone() as connection:
            log.append(connection, batch, limits, now_ms())

    size = len(batches[0])
    yield (
        "unfold and open the envelope",
        _best(lambda body: verify.open_envelope(unfold(body, "gzip", limit), roll, limit), bodies, size),
    )
    yield "parse and decode a record", _best(_decode, envelopes, size)
    yield (
        "the same, its signature and the other checks",
        _best(lambda envelope: _good(verify.check_records(envelope, roll)), envelopes, size),
    )
    yield "history, rows, hashes, commit", _best(append, batches, size)
    yield f"all {len(derived.all)} projections, over {caught_up:,} records", caught_up_s / caught_up


def _decode(envelope: Envelope) -> None:
    for arrival in envelope.arrivals:
        codec.decode_record(codec.parse(arrival.sealed).payload)


def _good(judged: Iterable[Verified | Refused]) -> list[Verified]:
    return [record for record in judged if isinstance(record, Verified)]


def _best(step: Callable[[Work], object], work: Sequence[Work], records: int) -> float:
    """Return the least processor seconds a record that the step took."""
    costs = []
    for each in work:
        start = time.process_time()
        step(each)
        costs.append((time.process_time() - start) / records)
    return min(costs)
