"""Step 9 of 11, ledger: append each verified record once, in order of arrival, and say what became of it.

Before: cloud/ingest/verify.py
After: cloud/batches/link.py

Keyed by (device, seq, digest): the same bytes again change nothing, other bytes under the same number are a fork and
both are kept. A record that runs ahead is kept and the hole before it written down. Everything happens in the
caller's transaction; nothing here is durable until that commits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert
from tracewire.errors import Rejected

from cloud.db import upsert
from cloud.db.bulk import append_tuples, insert_rows
from cloud.ingest.verify import Verified
from cloud.ledger import partitions, store, tree
from cloud.ledger.history import DAY_MS, HOUR_MS, History, Hole, Link

_ADD_RECORDS, _ADD_FLAGS = insert(store.records), insert(store.flags)
_COLUMNS = tuple(column.name for column in store.records.c)


@dataclass(frozen=True)
class ClockLimits:
    """How far a device's clock may be off before its records carry a note."""

    ahead_hours: int
    behind_days: int


@dataclass(frozen=True)
class Run:
    """Records ``first`` to ``last`` of a device are all in the ledger; ``head`` is the digest of the last."""

    first: int
    last: int
    head: bytes


@dataclass
class Appended:
    """What became of a batch."""

    refused: list[tuple[Verified, Rejected]]
    runs: dict[str, list[Run]]
    """By device: the whole ranges without a hole that hold what was sent."""
    head: tuple[int, bytes] = (0, b"")
    """Size and root of the log with the batch in it."""
    new: int = 0
    repeated: int = 0


class _Page:
    """Rows to write for one batch, gathered first so that each table takes one statement."""

    def __init__(self, next_index: int) -> None:
        self.next_index = next_index
        self._size = next_index - 1
        self.records: list[tuple[Any, ...]] = []
        self.leaves: list[bytes] = []
        self.flags: list[dict[str, Any]] = []
        self.forks: list[dict[str, Any]] = []

    def add(self, record: Verified, link: Link, notes: list[tuple[str, str]], now_ms: int) -> None:
        has_wrong_clock = bool(notes) and any(code.startswith("clock.") for code, _ in notes)
        self.records.append(_row(record, link, self.next_index, now_ms, has_wrong_clock))
        self.leaves.append(record.arrival.sealed)
        for code, detail in notes:
            self.flags.append({"idx": self.next_index, "device": record.device, "code": code, "detail": detail})
        self.next_index += 1

    def write(self, connection: Connection) -> tuple[int, bytes]:
        """Write everything and return the head of the log."""
        if self.records:
            partitions.make_room(connection, self._size + 1, self.next_index - 1)
            append_tuples(connection, _ADD_RECORDS, _COLUMNS, self.records)
            store.claim(connection, self.records)
        insert_rows(connection, _ADD_FLAGS, self.flags)
        if self.forks:
            connection.execute(upsert.insert(connection, store.forks).on_conflict_do_nothing(), self.forks)
        return tree.extend(connection, self._size, self.leaves)


def append(connection: Connection, batch: Sequence[Verified], limits: ClockLimits, now_ms: int) -> Appended:
    """Append a batch within the caller's transaction; one bad record never holds back its neighbours."""
    page = _Page(store.last_index(connection) + 1)
    outcome = Appended(refused=[], runs={})
    histories = _histories(connection, batch)
    kept: dict[str, dict[int, Verified]] = {}
    for record in batch:
        history = histories[record.device]
        try:
            if _place(page, history, record, limits, now_ms):
                outcome.new += 1
            else:
                outcome.repeated += 1
        except Rejected as reason:
            outcome.refused.append((record, reason))
            if reason.code == "chain.fork":
                page.forks.append(_fork_row(record, now_ms))
        else:
            kept.setdefault(record.device, {})[record.record.seq] = record
    outcome.head = page.write(connection)
    for device, sent in kept.items():
        _write_holes(connection, device, histories[device])
        outcome.runs[device] = _runs(connection, device, histories[device], sent)
    return outcome


def _place(page: _Page, history: History, record: Verified, limits: ClockLimits, now_ms: int) -> bool:
    """Put one record where it belongs: True when it is new, False for a repeat; ``Rejected("chain.…")`` otherwise."""
    link = _link(record)
    if history.is_repeat(link):
        return False
    history.check_neighbours(link)
    notes = history.flags(
        link, record.arrival.received_ms, now_ms, limits.ahead_hours * HOUR_MS, limits.behind_days * DAY_MS
    )
    if record.came_by:
        notes.append(("gateway.site", f"brought by a gateway of {record.came_by}"))
    history.place(link, now_ms)
    page.add(record, link, notes, now_ms)
    return True


def _histories(connection: Connection, batch: Sequence[Verified]) -> dict[str, History]:
    """Read what the ledger holds around the batch, by device: the top, each record's neighbours, open holes."""
    devices = list(dict.fromkeys(record.device for record in batch))
    links = {device: list[Link]() for device in devices}
    holes = {device: list[Hole]() for device in devices}
    top_seqs = dict.fromkeys(devices, 0)
    for row in store.tops(connection, devices):
        top_seqs[row.device] = row.seq
        links[row.device].append(_held(row))
    wanted = {
        (record.device, seq)
        for record in batch
        if record.record.seq <= top_seqs[record.device] + 1  # else it has no neighbours here
        for seq in (record.record.seq - 1, record.record.seq, record.record.seq + 1)
        if 0 < seq < top_seqs[record.device]
    }
    for row in store.near(connection, sorted(wanted)):
        links[row.device].append(_held(row))
    for row in sorted(store.open_holes(connection, devices)):
        holes[row.device].append(Hole(row.from_seq, row.to_seq, row.noticed_ms))
    return {device: History(top_seqs[device], links[device], holes[device]) for device in devices}


def _held(row: Row[Any]) -> Link:
    totals = row.total_count, row.total_grams, row.total_fen
    return Link(row.seq, row.digest, row.prev, row.time_ms, totals, (row.added_count, row.added_grams, row.added_fen))


def _link(record: Verified) -> Link:
    said = record.record
    return Link(said.seq, record.arrival.digest, said.prev, said.time_ms, said.totals, record.added)


def _row(record: Verified, link: Link, index: int, now_ms: int, has_wrong_clock: bool) -> tuple[Any, ...]:
    """Return a row in the order of ``store.records``."""
    arrival = record.arrival
    # A gateway's word on the time is taken only up to our own.
    moment_ms = min(arrival.received_ms, now_ms) if has_wrong_clock else link.time_ms
    return (
        index, record.device, link.seq, link.digest, link.prev, record.kid, record.record.kind,
        link.time_ms, arrival.received_ms, now_ms, moment_ms,
        arrival.gateway, record.site, record.standing,
        *link.totals, *link.added, arrival.sealed,
    )  # fmt: skip


def _fork_row(record: Verified, now_ms: int) -> dict[str, Any]:
    return {
        "device": record.device,
        "seq": record.record.seq,
        "digest": record.arrival.digest,
        "gateway": record.arrival.gateway,
        "received_ms": record.arrival.received_ms,
        "committed_ms": now_ms,
        "sealed": record.arrival.sealed,
    }


def _write_holes(connection: Connection, device: str, history: History) -> None:
    if history.dropped_holes:
        gone = store.holes.c.from_seq.in_(history.dropped_holes)
        connection.execute(delete(store.holes).where(store.holes.c.device == device, gone))
    if history.new_holes:
        rows = [
            {
                "device": device,
                "from_seq": hole.from_seq,
                "to_seq": hole.to_seq,
                "noticed_ms": hole.noticed_ms,
                "closed_ms": hole.closed_ms,
            }
            for hole in history.new_holes.values()
        ]
        connection.execute(insert(store.holes), rows)


def _runs(connection: Connection, device: str, history: History, kept: dict[int, Verified]) -> list[Run]:
    """Return each range without a hole that the batch touched, up to its end: the newest word answers for all before.

    Why not only up to what was sent: after a broken day a device says a few old records again, and a receipt that ends
    with them would settle a few an hour (found by simulation). Where another key sealed the end, the range ends with
    the batch: a receipt speaks to one key.
    """
    last_seqs: dict[int, int] = {}
    for seq in sorted(kept):
        last_seqs[history.run_start(seq)] = seq
    runs = {first: Run(first, seq, kept[seq].arrival.digest) for first, seq in last_seqs.items()}
    ends = {history.run_end(run.last): run for run in runs.values()}
    for row in store.heads(connection, device, [end for end, run in ends.items() if end > run.last]):
        run = ends[row.seq]
        if row.kid == kept[run.last].kid:
            runs[run.first] = Run(run.first, row.seq, row.digest)
    return list(runs.values())
