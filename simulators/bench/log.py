"""How fast the transparency log proves and is audited.

    python -m simulators.bench log
    LEAVES=10000000 python -m simulators.bench log

The large log is filled with made-up rows through the ledger's own tables and ``tree.extend``: a proof does not ask what
a record says. The audit replays really signed records of the real cloud over HTTP.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from tracewire import p256

from cloud.audit.auditor import Auditor, Trust
from cloud.audit.source import Source
from cloud.audit.state import State
from cloud.db.bulk import insert_rows
from cloud.db.engine import Store, create_store, open_store
from cloud.ledger import log_keys, merkle, store, tree
from cloud.ledger.head import Head
from cloud.ledger.schema import REVISIONS
from cloud.ledger.tree import Log
from simulators.bench.figures import Figure, at_most
from simulators.bench.yard import Yard
from simulators.node import now_ms

LEAVES = int(os.environ.get("LEAVES", "1000000"))
PROOFS = 500
BATCH = 10_000
LEAF_BYTES = 180
"""A typical sealed record."""
POSTS, RECORDS = 20, 500

_ADD_RECORDS = insert(store.records)


def figures() -> list[Figure]:
    """Measure proofs from a large log, and an audit."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = _large_log(Path(folder))
        try:
            return [*_proof_figures(ledger, Path(folder)), *_audit_figures(Path(folder))]
        finally:
            ledger.close()


def _large_log(folder: Path) -> Store:
    create_store(folder / "large.sqlite", REVISIONS)
    ledger = open_store(folder / "large.sqlite", REVISIONS, synchronous="NORMAL")
    fill(ledger, 0, LEAVES)
    return ledger


def fill(ledger: Store, size: int, end: int) -> None:
    """Let a ledger of ``size`` records grow to ``end`` with made-up ones."""
    for start in range(size, end, BATCH):
        rows = [_row(index) for index in range(start + 1, min(start + BATCH, end) + 1)]
        with ledger.writer.begin() as connection:
            insert_rows(connection, _ADD_RECORDS, rows)
            tree.extend(connection, start, [row["sealed"] for row in rows])


def _proof_figures(ledger: Store, folder: Path) -> list[Figure]:
    chance = random.Random(4)
    with ledger.reader.connect() as connection:
        log = Log(connection)
        root = log.root(LEAVES)
        inclusion = [_measured(_inclusion, log, chance.randrange(LEAVES), root) for _ in range(PROOFS)]
        consistency = [_measured(_consistency, log, chance.randrange(1, LEAVES), root) for _ in range(PROOFS)]
    keys = log_keys.create(folder)
    heads_ms = sorted(_head_ms(ledger, keys) for _ in range(50))
    return [
        *_figures_of(f"proof of one record of {LEAVES:,}, made and checked", inclusion),
        *_figures_of(f"proof of growth to {LEAVES:,}, made and checked", consistency),
        Figure(f"signed head of {LEAVES:,}, from nothing in memory, p50", f"{heads_ms[25]:.1f} ms"),
    ]


def _figures_of(what: str, measured: list[tuple[float, float]]) -> list[Figure]:
    """Return p99 of the time by the clock and of processor time, of which a crowded machine adds to the first only."""
    by_clock, by_processor = (sorted(times)[PROOFS * 99 // 100] for times in zip(*measured, strict=True))
    return [
        at_most(f"{what}, p99", by_clock, 10, "ms", 1),
        at_most("processor time of it, p99", by_processor, 10, "ms", 1),
    ]


def _measured(prove: Callable[[Log, int, bytes], None], log: Log, index: int, root: bytes) -> tuple[float, float]:
    """Return what one proof takes: milliseconds by the clock, and of this process."""
    start, start_cpu = time.perf_counter(), time.process_time()
    prove(log, index, root)
    return (time.perf_counter() - start) * 1000, (time.process_time() - start_cpu) * 1000


def _inclusion(log: Log, index: int, root: bytes) -> None:
    (sealed,) = log.leaves(index, 1)
    merkle.check_inclusion(merkle.leaf_hash(sealed), index, LEAVES, log.inclusion(index, LEAVES), root)


def _consistency(log: Log, old_size: int, root: bytes) -> None:
    merkle.check_consistency(old_size, LEAVES, log.consistency(old_size, LEAVES), log.root(old_size), root)


def _head_ms(ledger: Store, keys: log_keys.LogKeys) -> float:
    start = time.perf_counter()
    head = Head(ledger, keys, now_ms)
    head.seal(head.newest())
    return (time.perf_counter() - start) * 1000


def _audit_figures(folder: Path) -> list[Figure]:
    with Yard(folder / "yard") as yard:
        yard.cloud.start()
        yard.post(yard.envelopes(POSTS, RECORDS))
        root = p256.VerifyingKey((folder / "yard" / "cloud" / "root.point").read_bytes())
        source = Source(f"http://127.0.0.1:{yard.public_port}")
        auditor = Auditor(source, State(), Trust(root), now_ms)
        start, start_cpu = time.perf_counter(), time.process_time()
        outcome = auditor.run(lambda _done, _of: None)
        seconds, cpu_s = time.perf_counter() - start, time.process_time() - start_cpu
        source.close()
    wrong = len(auditor.state.findings) + len(auditor.holes)
    return [
        Figure("audit over HTTP: signature, chain, totals, tree", f"{outcome.records / seconds:,.0f} records a second"),
        Figure("processor time of a record in the audit", f"{cpu_s / outcome.records * 1e6:.0f} µs"),
        at_most("findings in an honest ledger", wrong, 0, "findings"),
    ]


def _row(index: int) -> dict[str, Any]:
    numbers = ("kind", "time_ms", "received_ms", "committed_ms", "moment_ms")
    sums = tuple(f"{when}_{what}" for when in ("total", "added") for what in ("count", "grams", "fen"))
    return {
        "idx": index,
        "device": f"made-up-{index % 1000:04}",
        "seq": index // 1000 + 1,
        **dict.fromkeys((*numbers, *sums), index),
        **dict.fromkeys(("digest", "prev"), index.to_bytes(32, "big")),
        "kid": bytes(8),
        "gateway": "gateway-01",
        "site": "",
        "standing": "active",
        "sealed": index.to_bytes(LEAF_BYTES, "big"),
    }
