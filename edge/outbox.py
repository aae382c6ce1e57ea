"""Step 6 of 11, gateway store: keep what was verified until the cloud has answered for it.

Before: edge/verify.py
After: edge/forwarder.py

``keep`` returns when everything it was given is on disk, and only then may anybody be told: MQTT acknowledgement,
gateway receipt. A bunch is one commit, so under load a disk flush serves hundreds of records. Every row is keyed by
(device, number, digest): the same bytes again change nothing, other bytes under the same number are a fork, and both
stay. Nothing is ever overwritten, and nothing is dropped to make room: a full disk raises ``Unavailable`` and
acknowledges nothing.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from tracewire.chain import digest as digest_of
from tracewire.errors import Rejected

from edge.chains import DeviceChain, Place, Run
from edge.store import Store
from edge.verify import Refused, Verified

log = structlog.get_logger("edge.outbox")


@dataclass
class Kept:
    """What one ``keep`` did: the runs to receipt, what went to quarantine, and how often each thing happened."""

    runs: dict[str, list[Run]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    places: Counter[Place] = field(default_factory=Counter)
    repeating: set[str] = field(default_factory=set)
    """Devices that said something again: they may have missed a receipt."""


@dataclass(frozen=True)
class Waiting:
    """One row on its way to the cloud."""

    row: int
    device: str
    seq: int
    digest: bytes
    sealed: bytes
    received_ms: int


@dataclass(frozen=True)
class CloudReceipt:
    """A receipt as the cloud sealed it, and the numbers it covers; none when it carries refusals only (spec 6.2)."""

    device: str
    seq_from: int
    seq_to: int
    sealed: bytes


@dataclass(frozen=True)
class Backlog:
    """What lies in the store, for the status page; ``oldest_ms`` is Unix time, 0 when nothing waits."""

    rows: int
    sealed_bytes: int
    oldest_ms: int
    quarantined: int
    forks: int
    devices: int


class Outbox:
    """The store of step 6. Thread-safe; every method that writes returns after its commit."""

    def __init__(self, path: Path, max_bytes: int = 0, quarantined_per_sender: int = 10_000) -> None:
        self._store = Store(path, max_bytes)
        self._per_sender = quarantined_per_sender
        self._chains: dict[str, DeviceChain] = {}

    def keep(self, verdicts: Iterable[Verified | Refused]) -> Kept:
        """Store verified records and quarantine refused ones, in one commit.

        Raises ``Unavailable`` when the disk is full or failing; then nothing of it was kept.
        """
        kept = Kept()
        touched: dict[str, set[int]] = {}
        try:
            with self._store.transaction() as database:
                for verdict in verdicts:
                    if isinstance(verdict, Verified) and self._add(database, verdict, kept):
                        touched.setdefault(verdict.device, set()).add(verdict.record.seq)
                    elif isinstance(verdict, Refused):
                        self._quarantine(database, verdict, kept)
        except BaseException:
            # The heads in memory may be ahead of the disk now. Forget them: the disk is asked again.
            self._chains.clear()
            raise
        kept.runs = {device: self._runs_at(device, seqs) for device, seqs in touched.items()}
        return kept

    def oldest(self, most_records: int, most_bytes: int) -> list[Waiting]:
        """Return the rows whose turn it is: fewest attempts first, then order of arrival; at least one if any waits."""
        with self._store.reading() as database:
            rows = database.execute(
                "SELECT id, device, seq, digest, sealed, received_ms FROM outbox ORDER BY attempts, id LIMIT ?",
                (most_records,),
            ).fetchall()
        batch: list[Waiting] = []
        size = 0
        for row in rows:
            size += len(row[4])
            if batch and size > most_bytes:
                break
            batch.append(Waiting(*row))
        return batch

    def settle(
        self,
        accepted: Sequence[Waiting],
        refused: Sequence[tuple[Waiting, Refused]],
        left: Sequence[Waiting],
        receipts: Sequence[CloudReceipt],
    ) -> None:
        """Act on one answer of the cloud, in one commit: the only place where a row leaves.

        Accepted rows go, refused rows move to the quarantine, the rest stay with one more attempt to their name.
        """
        with self._store.transaction() as database:
            gone = [(row.row,) for row in (*accepted, *(row for row, _ in refused))]
            database.executemany("DELETE FROM outbox WHERE id = ?", gone)
            for _, refusal in refused:
                self._quarantine(database, refusal)
            database.executemany("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?", [(row.row,) for row in left])
            database.executemany(
                "INSERT INTO cloud_receipt VALUES (?, ?, ?, ?) ON CONFLICT (device) DO UPDATE SET seq_from ="
                " excluded.seq_from, seq_to = excluded.seq_to, sealed = excluded.sealed"
                " WHERE excluded.seq_to >= seq_to",
                [(one.device, one.seq_from, one.seq_to, one.sealed) for one in receipts if one.seq_to >= one.seq_from],
            )
            # A crash after this commit: the devices were not told yet; they ask by repeating, and are told then.

    def cloud_receipt(self, device: str) -> bytes | None:
        """Return the newest cloud receipt of ``device``, None before the first."""
        with self._store.reading() as database:
            row = database.execute("SELECT sealed FROM cloud_receipt WHERE device = ?", (device,)).fetchone()
        return None if row is None else bytes(row[0])

    def registry_serial(self) -> int:
        """Return the highest registry serial this gateway has used."""
        with self._store.reading() as database:
            return int(database.execute("SELECT serial FROM registry_seen").fetchone()[0])

    def remember_registry(self, serial: int) -> None:
        """Note that registry ``serial`` is in use; a lower one is refused from now on, also after a restart."""
        with self._store.transaction() as database:
            database.execute("UPDATE registry_seen SET serial = max(serial, ?)", (serial,))

    def forget_before(self, remembered: int) -> int:
        """Drop digests older than the newest ``remembered`` of each device, if the cloud has answered for them.

        Returns how many. What a device repeats from before then is simply forwarded again: the ledger is idempotent.
        """
        with self._store.transaction() as database:
            dropped = database.execute(
                "DELETE FROM history WHERE is_fork = 0 AND seq <= (SELECT max(newest.seq) FROM history AS newest"
                " WHERE newest.device = history.device) - ? AND NOT EXISTS (SELECT 1 FROM outbox"
                " WHERE outbox.device = history.device AND outbox.seq = history.seq)",
                (remembered,),
            ).rowcount
            self._chains.clear()
        return dropped

    def backlog(self) -> Backlog:
        """Return the figures of the status page."""
        with self._store.glance() as database:
            figures = database.execute(
                "SELECT count(*), coalesce(sum(length(sealed)), 0), coalesce(min(received_ms), 0),"
                " (SELECT count(*) FROM quarantine), (SELECT count(*) FROM history WHERE is_fork = 1),"
                " (SELECT count(DISTINCT device) FROM history) FROM outbox"
            ).fetchone()
        return Backlog(*figures)

    def free_bytes(self) -> int:
        """Return how much the file may still grow under its own limit."""
        return self._store.free_bytes_in_file()

    def close(self) -> None:
        """Close the file after the running transaction."""
        self._store.close()

    def _add(self, database: sqlite3.Connection, verified: Verified, kept: Kept) -> bool:
        """Check 9 of step 5, then store; return False when the record went to quarantine instead."""
        device, seq, digest = verified.device, verified.record.seq, verified.digest
        device_chain = self._chain(database, device)
        held = _held(database, device, seq) if device_chain.run_at(seq) else []
        try:
            place = device_chain.place(verified.record, verified.sealed, verified.kid, held)
        except Rejected as refusal:
            refused = Refused(
                device, refusal.code, refusal.detail, verified.sealed, verified.received_ms, verified.signed()
            )
            self._quarantine(database, refused, kept)
            return False
        kept.places[place] += 1
        if place is Place.FORK:
            log.error("outbox.fork", device=device, seq=seq, first=held[0].hex(), second=digest.hex())
        if place is Place.REPEAT:
            kept.repeating.add(device)
            if _is_answered(database, device, seq):
                return True
            # Not covered by the newest cloud receipt: still waiting here, or refused up there and the device did not
            # hear of it. In the second case it travels again, and the cloud says its word again.
        else:
            database.execute(
                "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?)",
                (device, seq, digest, verified.record.prev, verified.kid, place is Place.FORK),
            )
        database.execute(
            "INSERT OR IGNORE INTO outbox (device, seq, digest, sealed, received_ms) VALUES (?, ?, ?, ?, ?)",
            (device, seq, digest, verified.sealed, verified.received_ms),
        )
        return True

    def _chain(self, database: sqlite3.Connection, device: str) -> DeviceChain:
        """Return the device's heads, from memory or, after a start or a failure, from the disk."""
        if device not in self._chains:
            links = database.execute(
                "SELECT seq, digest, prev, kid FROM history WHERE device = ? AND is_fork = 0 ORDER BY seq", (device,)
            )
            self._chains[device] = DeviceChain.rebuild(links)
        return self._chains[device]

    def _runs_at(self, device: str, seqs: set[int]) -> list[Run]:
        runs = {self._chains[device].run_at(seq) for seq in seqs}
        return sorted((run for run in runs if run is not None), key=lambda run: run.seq_from)

    def _quarantine(self, database: sqlite3.Connection, refused: Refused, kept: Kept | None = None) -> None:
        """Keep refused bytes once per sender and reason. Unsigned bytes beyond the sender's share are counted only."""
        if kept is not None:
            kept.refused.append(refused)
        if refused.signed is None and self._is_share_used(database, refused.sender):
            return
        database.execute(
            "INSERT INTO quarantine (digest, code, sender, detail, payload, received_ms, last_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sender, digest, code)"
            " DO UPDATE SET times = times + 1, last_ms = excluded.last_ms",
            (
                digest_of(refused.payload),
                refused.code,
                refused.sender,
                refused.detail,
                refused.payload,
                refused.received_ms,
                refused.received_ms,
            ),
        )

    def _is_share_used(self, database: sqlite3.Connection, sender: str) -> bool:
        statement = "SELECT count(*) FROM (SELECT 1 FROM quarantine WHERE sender = ? LIMIT ?)"
        return int(database.execute(statement, (sender, self._per_sender)).fetchone()[0]) >= self._per_sender


def _is_answered(database: sqlite3.Connection, device: str, seq: int) -> bool:
    """Tell whether the newest cloud receipt of a device covers a number."""
    covered = database.execute(
        "SELECT 1 FROM cloud_receipt WHERE device = ? AND ? BETWEEN seq_from AND seq_to", (device, seq)
    )
    return covered.fetchone() is not None


def _held(database: sqlite3.Connection, device: str, seq: int) -> list[bytes]:
    """Return the digests stored under a number, the first one first."""
    rows = database.execute("SELECT digest FROM history WHERE device = ? AND seq = ? ORDER BY is_fork", (device, seq))
    return [bytes(row[0]) for row in rows]
