"""The outbox file: its tables, and one way to write to it.

SQLite in WAL mode with ``synchronous=FULL``: when ``COMMIT`` returns the pages are on disk, also after a power cut.
Full or failing disks surface as ``Unavailable`` (wait), a damaged file as ``Misuse`` (stop); nothing else comes out.
The file is made once, by ``create``; opening never makes one, so a mistyped path cannot begin a second, empty memory.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tracewire.errors import Misuse, Unavailable

SCHEMA_VERSION = 2
BUSY_MS = 5_000
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_SCHEMA = """
-- What the cloud has not answered for yet. Rows leave only under its answer.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,            -- order of arrival
    device TEXT NOT NULL,
    seq INTEGER NOT NULL,
    digest BLOB NOT NULL,
    sealed BLOB NOT NULL,              -- as received
    received_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    UNIQUE (device, seq, digest)
);
CREATE INDEX outbox_turn ON outbox (attempts, id);
-- What passed all checks: tells a repeat from a fork, and rebuilds the heads after a restart.
CREATE TABLE history (
    device TEXT NOT NULL,
    seq INTEGER NOT NULL,
    digest BLOB NOT NULL,
    prev BLOB NOT NULL,
    kid BLOB NOT NULL,
    PRIMARY KEY (device, seq)
) WITHOUT ROWID;
-- Refused bytes with reason and sender; the same bytes again only raise the count. Those that a device signed lie in
-- the outbox as well, until the cloud has given its word on them.
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL,
    code TEXT NOT NULL,
    sender TEXT NOT NULL,
    detail TEXT NOT NULL,
    payload BLOB NOT NULL,
    received_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    cloud_word TEXT NOT NULL,          -- '' before it answered, 'accepted', or the code of its refusal
    receipt INTEGER REFERENCES refusal_receipt,
    UNIQUE (digest, sender, code)
);
CREATE INDEX quarantine_sender ON quarantine (sender);
-- Cloud receipts that name a refusal, to be said again when the device repeats what was refused.
CREATE TABLE refusal_receipt (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
-- The newest cloud receipt of each device, to be said again when the device comes back.
CREATE TABLE cloud_receipt (
    device TEXT PRIMARY KEY,
    seq_from INTEGER NOT NULL,
    seq_to INTEGER NOT NULL,
    sealed BLOB NOT NULL
);
CREATE TABLE registry_seen (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), serial INTEGER NOT NULL);
INSERT INTO registry_seen VALUES (1, 0);
"""


def create(path: Path) -> None:
    """Make an empty store; ``Misuse`` when the file exists, because it may hold records nobody else has."""
    if path.exists():
        raise Misuse("gateway.store", f"{path} exists already; it may hold records that are nowhere else")
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
    finally:
        database.close()


class Store:
    """One connection, one lock: methods may be called from any thread, and writes do not interleave."""

    def __init__(self, path: Path, max_bytes: int = 0) -> None:
        """Open an existing store; ``Misuse`` when there is none or it is another version."""
        self._address = path.absolute().as_uri()
        try:
            self._database = sqlite3.connect(
                self._address + "?mode=rw", uri=True, isolation_level=None, check_same_thread=False
            )
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as broken:
            raise Misuse("gateway.store", f"{path} cannot be opened: {broken}") from broken
        if version != SCHEMA_VERSION:
            raise Misuse("gateway.store", f"{path} has version {version}, this program knows {SCHEMA_VERSION}")
        self._lock = threading.Lock()
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        self._page_bytes = int(self._database.execute("PRAGMA page_size").fetchone()[0])
        if max_bytes:
            self._database.execute(f"PRAGMA max_page_count={max_bytes // self._page_bytes}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Run the block as one transaction; leaving it without an error means it is on disk.

        Raises ``Unavailable("outbox.full")`` or ``Unavailable("outbox.disk")`` with nothing written, and
        ``Misuse("outbox.damaged")``.
        """
        with self._lock, _families():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                # Commit point. A crash just before: nothing of this block happened, nobody was told it did.
                # A crash just after: everything is here, the sender was not told, and repeats itself.
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Run queries that write nothing."""
        with self._lock, _families():
            yield self._database

    @contextmanager
    def glance(self) -> Iterator[sqlite3.Connection]:
        """Run slow queries on a connection of their own: in WAL mode a reader holds no writer up."""
        with _families(), closing(sqlite3.connect(self._address + "?mode=ro", uri=True)) as database:
            yield database

    def free_bytes_in_file(self) -> int:
        """Return what may still be written before ``max_bytes`` is reached; very large when there is no limit."""
        pages, limit, free = self._pages("page_count", "max_page_count", "freelist_count")
        return (limit - pages + free) * self._page_bytes

    def used_bytes(self) -> int:
        """Return what rows and indexes occupy in the file."""
        pages, free = self._pages("page_count", "freelist_count")
        return (pages - free) * self._page_bytes

    def _pages(self, *names: str) -> list[int]:
        with self.reading() as database:
            return [int(database.execute(f"PRAGMA {name}").fetchone()[0]) for name in names]

    def close(self) -> None:
        """Wait for a running transaction, then close the file."""
        with self._lock:
            self._database.close()


@contextmanager
def _families() -> Iterator[None]:
    """Translate SQLite's errors into the three families, once."""
    try:
        yield
    except sqlite3.OperationalError as failure:
        code = failure.sqlite_errorcode & 0xFF  # the primary code; extended codes live above
        if code == sqlite3.SQLITE_ERROR:
            raise Misuse("outbox.statement", str(failure)) from failure
        name = "outbox.full" if code == sqlite3.SQLITE_FULL else "outbox.disk"
        raise Unavailable(name, str(failure)) from failure
    except sqlite3.ProgrammingError as closed:
        raise Unavailable("outbox.closed", str(closed)) from closed
    except sqlite3.DatabaseError as failure:
        code = getattr(failure, "sqlite_errorcode", 0) & 0xFF
        raise Misuse("outbox.damaged" if code in _DAMAGED else "outbox.statement", str(failure)) from failure
