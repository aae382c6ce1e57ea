"""SQLite files as SQLAlchemy engines: created once, opened ever after, durable as asked.

Why two engines over one file: SQLite has one writer. The writer takes its lock when a transaction begins, so that two
writers queue instead of failing half way; readers may not write at all.
"""

import fcntl
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from tracewire.errors import Misuse

from cloud.db.schema import Schema

LARGEST_INTEGER = 2**63 - 1
"""SQLite and PostgreSQL keep signed 64-bit integers; the format allows one bit more."""

RUN_MIGRATE = "run `chengxin cloud migrate` while no other program of this cloud runs"

_LOCK_WAIT_SECONDS = 30


@dataclass(frozen=True)
class Store(ABC):
    """One database: ``writer`` commits, ``reader`` sees the last committed state and may not write."""

    writer: Engine
    reader: Engine

    @abstractmethod
    def alone(self, *parts: str) -> AbstractContextManager[Connection]:
        """Give a connection in a transaction that nobody else's runs beside, in no process; commit at the end.

        Where the database can, writers of other ``parts`` are not kept waiting.
        """

    def close(self) -> None:
        """Give back every connection."""
        self.writer.dispose()
        self.reader.dispose()


@dataclass(frozen=True)
class FileStore(Store):
    """An SQLite file."""

    turns: Path
    """File whose lock is the queue of who writes."""

    @contextmanager
    def alone(self, *parts: str) -> Iterator[Connection]:  # noqa: ARG002  # a file has one writer
        """Give a connection in a transaction that nobody else's runs beside, in no process; commit at the end.

        SQLite alone would see to that, but whoever waits there looks again now and then; here the next one is woken.
        The lock goes with its process, whatever ends it.
        """
        with self.turns.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with self.writer.begin() as connection:
                yield connection


def create_store(path: Path, schema: Schema) -> None:
    """Create the database file and all tables; ``Misuse("store.exists")`` rather than touch an existing one."""
    if path.exists():
        raise Misuse("store.exists", path.name)
    _upgrade(path, schema)


def migrate_store(path: Path, schema: Schema) -> Sequence[str]:
    """Bring an existing database to this program's tables and return what was done; ``Misuse`` when it is missing."""
    if not path.exists():
        raise Misuse("store.missing", f"{path.name}: run `chengxin cloud init` first")
    return _upgrade(path, schema)


def open_store(path: Path, schema: Schema, *, synchronous: str) -> Store:
    """Open an existing database; ``Misuse`` when it is missing or its tables are another program's.

    ``synchronous`` is ``"FULL"`` for evidence: a commit that returned survives a power cut. ``"NORMAL"`` is for
    projections: a power cut may take the last commits back, watermark included, and they are simply made again.
    """
    if not path.exists():
        raise Misuse("store.missing", f"{path.name}: run `chengxin cloud init` first")
    store = _file_store(path, synchronous)
    with store.reader.connect() as connection:
        complaint = schema.complaint(connection)
    if complaint:
        store.close()
        raise Misuse("store.version", f"{path.name}: {complaint}; {RUN_MIGRATE}")
    return store


def _upgrade(path: Path, schema: Schema) -> Sequence[str]:
    store = _file_store(path, "FULL")
    with store.alone() as connection:
        done = schema.upgrade(connection)
        # A crash here: nothing of it happened; SQLite undoes tables as it undoes rows.
    store.close()
    return done


def _file_store(path: Path, synchronous: str) -> FileStore:
    return FileStore(
        writer=_engine(path, synchronous=synchronous, read_only=False),
        reader=_engine(path, synchronous=synchronous, read_only=True),
        turns=path.with_suffix(".lock"),
    )


def _engine(path: Path, *, synchronous: str, read_only: bool) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": _LOCK_WAIT_SECONDS, "check_same_thread": False}
    )

    def on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # The driver's own implicit BEGIN comes too late and is deferred; "begin" below says it explicitly.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        if read_only:
            cursor.execute("PRAGMA query_only = ON")
        cursor.close()

    event.listen(engine, "connect", on_connect)
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine
