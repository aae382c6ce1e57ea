"""The newest statement of each device and kind, on disk: what a device hears that comes back while the cloud is away.

A file of its own beside the outbox, because it may be lost: nothing lies here that the cloud does not have, and an
empty shelf asks for everything. So it makes itself, where the outbox must not.
"""

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tracewire.errors import Misuse, Unavailable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS statement (
    device TEXT NOT NULL, kind INTEGER NOT NULL, serial INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (device, kind)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pulled (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), version INTEGER NOT NULL);
INSERT OR IGNORE INTO pulled VALUES (1, 0);
"""


@dataclass(frozen=True)
class Shelved:
    """One statement as the cloud sealed it."""

    device: str
    kind: int
    serial: int
    sealed: bytes


class FeedShelf:
    """The shelf in one SQLite file; methods may be called from any thread and return after their commit."""

    def __init__(self, path: Path) -> None:
        """Open the file, made when it is missing; ``Misuse("feed.store")`` when it is damaged."""
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(_SCHEMA)
        except sqlite3.Error as broken:
            raise Misuse("feed.store", f"{path} cannot be used, and may be deleted: {broken}") from broken
        self._lock = threading.Lock()

    def version(self) -> int:
        """Return up to which version everything is here, 0 for an empty shelf."""
        with self._lock:
            return int(self._database.execute("SELECT version FROM pulled").fetchone()[0])

    def keep(self, news: Sequence[Shelved], version: int) -> None:
        """Keep news and remember the version; ``Unavailable("feed.disk")`` with nothing kept."""
        with self._lock:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                self._database.executemany(
                    "INSERT INTO statement VALUES (?, ?, ?, ?) ON CONFLICT (device, kind) DO UPDATE SET"
                    " serial = excluded.serial, sealed = excluded.sealed WHERE excluded.serial > serial",
                    [(one.device, one.kind, one.serial, one.sealed) for one in news],
                )
                self._database.execute("UPDATE pulled SET version = ?", (version,))
                # Commit point. A crash before it: the same is pulled again.
                self._database.execute("COMMIT")
            except sqlite3.OperationalError as failing:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise Unavailable("feed.disk", str(failing)) from failing

    def devices(self) -> list[str]:
        """Return everybody for whom something stands."""
        with self._lock:
            return [name for (name,) in self._database.execute("SELECT DISTINCT device FROM statement")]

    def statements(self, device: str) -> list[bytes]:
        """Return everything that stands for a device."""
        with self._lock:
            rows = self._database.execute(
                "SELECT sealed FROM statement WHERE device = ? ORDER BY kind", (device,)
            ).fetchall()
        return [bytes(row[0]) for row in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()
