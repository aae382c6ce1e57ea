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

from sqlalchemy import Connection, delete, insert
from tracewire.errors import Rejected

from cloud.db import upsert
from cloud.db.bulk import insert_rows
from cloud.ingest.verify import Verified
from cloud.ledger import partitions, store, tree
from cloud.ledger.history import DAY_MS, HOUR_MS, History, Hole, Link

_ADD_RECORDS, _ADD_FLAGS = insert(store.records), insert(store.flags)


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
    new: int = 0
    repeated: int = 0


class _Page:
    """Rows to write for one batch, gathered first so that each table takes one statement."""

    def __init__(self, next_index: int) -> None:
        self.next_index = next_index
        self.records: list[dict[str, Any]] = []
        self.flags: list[dict[str, Any]] = []
        self.forks: list[dict[str, Any]] = []

    def add(self, record: Verified, link: Link, notes: list[tuple[str, str]], now_ms: int) -> None:
        has_wrong_clock = any(code.startswith("clock.") for code, _ in notes)
        self.records.append(_row(record, link, self.next_index, now_ms, has_wrong_clock))
        self.flags += [
            {"idx": self.next_index, "device": record.device, "code": code, "detail": detail} for code, detail in notes
        ]
        self.next_index += 1

    def write(self, connection: Connection) -> None:
        if self.records:
            partitions.make_room(connection, self.records[0]["idx"], self.records[-1]["idx"])
            insert_rows(connection, _ADD_RECORDS, self.records)
            store.claim(connection, self.records)
            tree.extend(connection, self.records[0]["idx"] - 1, [row["sealed"] for row in self.records])
        insert_rows(connection, _ADD_FLAGS, self.flags)
        if self.forks:
            connection.execute(upsert.insert(connection, store.forks).on_conflict_do_nothing(), self.forks)


def append(connection: Connection, batch: Sequence[Verified], limits: ClockLimits, now_ms: int) -> Appended:
    """Append a batch within the caller's transaction; one bad record never holds back its neighbours."""
    page = _Page(store.last_index(connection) + 1)
    outcome = Appended(refused=[], runs={})
    histories = {device: _history(connection, device, records) for device, records in _by_device(batch).items()}
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
    page.write(connection)
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


def _by_device(batch: Sequence[Verified]) -> dict[str, list[Verified]]:
    groups: dict[str, list[Verified]] = {}
    for record in batch:
        groups.setdefault(record.device, []).append(record)
    return groups


def _history(connection: Connection, device: str, batch: Sequence[Verified]) -> History:
    """Read what the ledger holds around the batch: the top, and each record's neighbours."""
    top_seq = store.top_seq(connection, device)
    wanted = {top_seq}
    for record in batch:
        wanted.update((record.record.seq - 1, record.record.seq, record.record.seq + 1))
    rows = store.near(connection, device, sorted(seq for seq in wanted if 0 < seq <= top_seq))
    near = [
        Link(
            seq=row.seq,
            digest=row.digest,
            prev=row.prev,
            time_ms=row.time_ms,
            totals=(row.total_count, row.total_grams, row.total_fen),
            added=(row.added_count, row.added_grams, row.added_fen),
        )
        for row in rows
    ]
    holes = (Hole(*hole) for hole in store.open_holes(connection, device))
    return History(top_seq, near, holes)


def _link(record: Verified) -> Link:
    statement = record.record
    return Link(
        seq=statement.seq,
        digest=record.arrival.digest,
        prev=statement.prev,
        time_ms=statement.time_ms,
        totals=statement.totals,
        added=record.added,
    )


def _row(record: Verified, link: Link, index: int, now_ms: int, has_wrong_clock: bool) -> dict[str, Any]:
    return {
        "idx": index,
        "device": record.device,
        "seq": link.seq,
        "digest": link.digest,
        "prev": link.prev,
        "kid": record.kid,
        "kind": record.record.kind,
        "time_ms": link.time_ms,
        "received_ms": record.arrival.received_ms,
        "committed_ms": now_ms,
        # A gateway's word on the time is taken only up to our own.
        "moment_ms": min(record.arrival.received_ms, now_ms) if has_wrong_clock else link.time_ms,
        "gateway": record.arrival.gateway,
        "site": record.site,
        "standing": record.standing,
        "total_count": link.totals[0],
        "total_grams": link.totals[1],
        "total_fen": link.totals[2],
        "added_count": link.added[0],
        "added_grams": link.added[1],
        "added_fen": link.added[2],
        "sealed": record.arrival.sealed,
    }


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
    runs: dict[int, Run] = {}
    for seq in sorted(kept):
        first = history.run_start(seq)
        runs[first] = Run(first, seq, kept[seq].arrival.digest)
    ends = {history.run_end(run.last): run for run in runs.values()}
    for row in store.heads(connection, device, [end for end, run in ends.items() if end > run.last]):
        run = ends[row.seq]
        if row.kid == kept[run.last].kid:
            runs[run.first] = Run(run.first, row.seq, row.digest)
    return list(runs.values())
