"""Step 6 of 11, gateway store: keep what was verified until the cloud has answered for it.

Before: edge/verify.py
After: edge/forwarder.py

``keep`` returns when everything it was given is on disk, and only then may anybody be told: MQTT acknowledgement,
gateway receipt. A bunch is one commit, so under load a disk flush serves hundreds of records. Every row is keyed by
(device, number, digest): the same bytes again change nothing. What this gateway refused lies in the quarantine, and
under a device's own signature here as well: evidence goes up, and the cloud's word on it comes down. Nothing is ever
overwritten, and nothing is dropped to make room: a full disk raises ``Unavailable`` and acknowledges nothing.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tracewire.errors import Rejected

from edge import quarantine
from edge.answer import Answered, CloudReceipt, Waiting
from edge.chains import DeviceChain, Place, Run
from edge.store import Store
from edge.verify import Refused, Verified


@dataclass
class Kept:
    """What one ``keep`` did: the runs to receipt, what went to quarantine, and how often each thing happened."""

    runs: dict[str, list[Run]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    places: Counter[Place] = field(default_factory=Counter)
    answers: dict[str, list[bytes]] = field(default_factory=dict)
    """By device, cloud receipts that settle what it said again: it must have missed them."""


@dataclass(frozen=True)
class Backlog:
    """What lies in the store, for the status page; ``oldest_ms`` is Unix time, 0 when nothing waits."""

    rows: int
    sealed_bytes: int
    oldest_ms: int
    quarantined: int
    forks: int
    overruled: int
    """Quarantined here and accepted by the cloud: it knew better, this gateway's registry or history is behind."""
    devices: int
    devices_waiting: int
    """Devices that have records here without the cloud's receipt."""


class Outbox:
    """The store of step 6. Thread-safe; every method that writes returns after its commit."""

    def __init__(self, path: Path, max_bytes: int = 0, quarantined_per_sender: int = 10_000) -> None:
        self._store = Store(path, max_bytes)
        self._per_sender = quarantined_per_sender
        self._chains: dict[str, DeviceChain] = {}

    def keep(self, verdicts: Iterable[Verified | Refused]) -> Kept:
        """Store verified records and refused evidence in line for the cloud, and all that is refused in quarantine.

        One commit. Raises ``Unavailable`` when the disk is full or failing; then nothing of it was kept.
        """
        kept = Kept()
        touched: dict[str, set[int]] = {}
        try:
            with self._store.transaction() as database:
                for verdict in verdicts:
                    if isinstance(verdict, Refused):
                        self._refuse(database, verdict, kept)
                        continue
                    try:
                        self._add(database, verdict, kept)
                    except Rejected as refusal:
                        self._refuse(database, verdict.refused(refusal), kept)
                    else:
                        touched.setdefault(verdict.device, set()).add(verdict.record.seq)
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

    def settle(self, answered: Sequence[Answered], left: Sequence[Waiting], receipts: Sequence[CloudReceipt]) -> None:
        """Act on one answer of the cloud, in one commit: the only place where a row leaves.

        Accepted rows go, refused rows move to the quarantine, the rest stay with one more attempt to their name.
        """
        with self._store.transaction() as database:
            database.executemany("DELETE FROM outbox WHERE id = ?", [(one.waiting.row,) for one in answered])
            quarantine.settle(database, answered)
            database.executemany("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?", [(row.row,) for row in left])
            database.executemany(
                "INSERT INTO cloud_receipt VALUES (?, ?, ?, ?) ON CONFLICT (device) DO UPDATE SET seq_from ="
                " excluded.seq_from, seq_to = excluded.seq_to, sealed = excluded.sealed"
                " WHERE excluded.seq_to >= seq_to",
                [(one.device, one.seq_from, one.seq_to, one.sealed) for one in receipts if one.seq_to >= one.seq_from],
            )
            # A crash just before the commit: the rows are still here and go up again; the cloud says the same word.
            # A crash just after: the devices were not told yet; they ask by repeating, and are told then.

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
                "DELETE FROM history WHERE seq <= (SELECT max(newest.seq) FROM history AS newest"
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
                " (SELECT count(*) FROM quarantine),"
                " (SELECT count(*) FROM quarantine WHERE code IN ('chain.fork', 'cloud.chain.fork')),"
                " (SELECT count(*) FROM quarantine WHERE cloud_word = ?),"
                " (SELECT count(DISTINCT device) FROM history), count(DISTINCT device) FROM outbox",
                (quarantine.ACCEPTED,),
            ).fetchone()
        return Backlog(*figures)

    def quarantined_by_reason(self) -> dict[str, int]:
        """Return how many byte strings lie in quarantine under each code."""
        with self._store.glance() as database:
            return dict(database.execute("SELECT code, count(*) FROM quarantine GROUP BY code ORDER BY code"))

    def devices(self) -> list[str]:
        """Return the names of all devices whose records this gateway has kept and not forgotten."""
        with self._store.glance() as database:
            return [name for (name,) in database.execute("SELECT DISTINCT device FROM history")]

    def free_bytes(self) -> int:
        """Return how much the file may still grow under its own limit."""
        return self._store.free_bytes_in_file()

    def used_bytes(self) -> int:
        """Return what everything kept here occupies."""
        return self._store.used_bytes()

    def close(self) -> None:
        """Close the file after the running transaction."""
        self._store.close()

    def _add(self, database: sqlite3.Connection, verified: Verified, kept: Kept) -> None:
        """Check 9 of step 5, then store; ``Rejected("chain.…")`` with nothing stored."""
        device, seq, digest = verified.device, verified.record.seq, verified.digest
        device_chain = self._chain(database, device)
        held = _held(database, device, seq) if device_chain.run_at(seq) else None
        place = device_chain.place(verified.record, verified.sealed, verified.kid, held)
        kept.places[place] += 1
        going_up = (device, seq, digest, verified.sealed, verified.received_ms)
        if place is Place.REPEAT:
            _line_up_again(database, going_up, kept)
            return
        database.execute(
            "INSERT INTO history VALUES (?, ?, ?, ?, ?)", (device, seq, digest, verified.record.prev, verified.kid)
        )
        _line_up(database, going_up)

    def _refuse(self, database: sqlite3.Connection, refused: Refused, kept: Kept) -> None:
        """Quarantine refused bytes. Under a device's own signature they are evidence, and judging it is the cloud's."""
        kept.refused.append(refused)
        quarantine.keep(database, refused, self._per_sender)
        if refused.signed is not None:
            signed = refused.signed
            going_up = (signed.device, signed.seq, signed.digest, refused.payload, refused.received_ms)
            _line_up_again(database, going_up, kept)

    def _chain(self, database: sqlite3.Connection, device: str) -> DeviceChain:
        """Return the device's heads, from memory or, after a start or a failure, from the disk."""
        if device not in self._chains:
            links = database.execute(
                "SELECT seq, digest, prev, kid FROM history WHERE device = ? ORDER BY seq", (device,)
            )
            self._chains[device] = DeviceChain.rebuild(links)
        return self._chains[device]

    def _runs_at(self, device: str, seqs: set[int]) -> list[Run]:
        runs = {self._chains[device].run_at(seq) for seq in seqs}
        return sorted((run for run in runs if run is not None), key=lambda run: run.seq_from)


_GoingUp = tuple[str, int, bytes, bytes, int]
"""Device, number, digest, sealed bytes and time of arrival of a row."""


def _line_up(database: sqlite3.Connection, going_up: _GoingUp) -> None:
    """Put bytes in line for the cloud; those that wait already keep their turn."""
    database.execute(
        "INSERT OR IGNORE INTO outbox (device, seq, digest, sealed, received_ms) VALUES (?, ?, ?, ?, ?)", going_up
    )


def _line_up_again(database: sqlite3.Connection, going_up: _GoingUp, kept: Kept) -> None:
    """Put bytes that were here before, or are refused, in line; unless the cloud's word on them can be said again.

    So a record goes up once, however often its device sends it. The exception is a refusal that no receipt names (the
    cloud did not know the key): then the cloud is asked again, until it can say its word to the device.
    """
    device, seq, digest, *_ = going_up
    word = quarantine.cloud_word(database, digest)
    if word is None or word.code == quarantine.ACCEPTED:
        answer = _newest_receipt_over(database, device, seq)
    else:
        answer = word.receipt
        if word.code and not seq:
            return  # without a number no receipt can ever name it; asking again would be for ever
    if answer is None:
        _line_up(database, going_up)
    elif answer not in (answers := kept.answers.setdefault(device, [])):
        answers.append(answer)


def _newest_receipt_over(database: sqlite3.Connection, device: str, seq: int) -> bytes | None:
    """Return the newest cloud receipt of a device if it covers a number."""
    row = database.execute(
        "SELECT sealed FROM cloud_receipt WHERE device = ? AND ? BETWEEN seq_from AND seq_to", (device, seq)
    ).fetchone()
    return None if row is None else bytes(row[0])


def _held(database: sqlite3.Connection, device: str, seq: int) -> bytes | None:
    """Return the digest stored under a number."""
    row = database.execute("SELECT digest FROM history WHERE device = ? AND seq = ?", (device, seq)).fetchone()
    return None if row is None else bytes(row[0])
