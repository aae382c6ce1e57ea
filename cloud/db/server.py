"""PostgreSQL as a store: one URL, one schema for the evidence and one for what is derived from it.

Why a lock of the whole ledger and not one for each device: records get their places in the log one after the other, so
somebody has to count, and a batch that holds the count can look at its devices' histories undisturbed. What costs time,
judging signatures, is done before the lock is taken, in any number of processes on any number of hosts.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    inspect,
    text,
)
from sqlalchemy.exc import ArgumentError, OperationalError
from tracewire.errors import Misuse, Unavailable

from cloud.db.bulk import allow_copying
from cloud.db.engine import RUN_MIGRATE, Store
from cloud.db.schema import Schema

_DRIVER = "postgresql+psycopg"
_CONNECT_SECONDS = 10
_CONNECTIONS = 8
_LOCK_ALL = text("SELECT pg_advisory_xact_lock(number) FROM unnest(CAST(:locks AS bigint[])) AS number")


@dataclass(frozen=True)
class ServerStore(Store):
    """One schema of a PostgreSQL database."""

    name: str

    @contextmanager
    def alone(self, *parts: str) -> Iterator[Connection]:
        """Give a connection in a transaction that nobody else's runs beside, on no host; commit at the end.

        The locks, whose numbers are the same in every process of every host, end with the transaction, and that with
        its connection, whatever ends it. All take them in one order, so that nobody waits in a circle.
        """
        locks = sorted(zlib.crc32(f"chengxin {self.name} {part}".encode()) for part in parts or ("",))
        with self.writer.begin() as connection:
            connection.execute(_LOCK_ALL, {"locks": locks})
            yield connection


def create_schema(url: str, name: str, schema: Schema, fill: Callable[[Connection], None] = lambda _: None) -> None:
    """Create the schema and all its tables; ``Misuse("store.exists")`` rather than touch an existing one.

    ``fill`` may put rows into them in the same transaction: when it raises, there is no schema either.
    ``Unavailable("store.server")`` when the server cannot be reached.
    """
    with _server_store(url, name) as store, store.alone() as connection:
        if inspect(connection).has_schema(name):
            raise Misuse("store.exists", f"schema {name}")
        connection.exec_driver_sql(f'CREATE SCHEMA "{name}"')
        schema.upgrade(connection)
        fill(connection)


def migrate_schema(url: str, name: str, schema: Schema) -> Sequence[str]:
    """Bring an existing schema to this program's tables and return what was done.

    ``Misuse("store.missing")`` when it is not there, ``Unavailable("store.server")`` without a server.
    """
    with _server_store(url, name) as store, store.alone() as connection:
        _require(connection, name)
        return schema.upgrade(connection)
        # A crash here: nothing of it happened; PostgreSQL undoes tables as it undoes rows.


def open_schema(url: str, name: str, schema: Schema, *, synchronous: bool) -> Store:
    """Open an existing schema; ``Misuse`` when it is missing or another program's, ``Unavailable`` without a server.

    ``synchronous`` is true for evidence: a commit that returned is on the server's disk, whatever the server's own
    settings say. Without it a crash of the server may take the last commits back, watermark included.
    """
    with _server_store(url, name) as checked, checked.reader.connect() as connection:
        _require(connection, name)
        complaint = schema.complaint(connection)
    if complaint:
        raise Misuse("store.version", f"schema {name}: {complaint}; {RUN_MIGRATE}")
    return _connected(url, name, synchronous=synchronous)


def _require(connection: Connection, name: str) -> None:
    if not inspect(connection).has_schema(name):
        raise Misuse("store.missing", f"schema {name}: run `chengxin cloud init` first")


@contextmanager
def _server_store(url: str, name: str) -> Iterator[ServerStore]:
    """Give the store for a moment, whatever its tables."""
    store = _connected(url, name, synchronous=True)
    try:
        yield store
    except OperationalError as error:
        raise Unavailable("store.server", _first_line(error)) from error
    finally:
        store.close()


def _connected(url: str, name: str, *, synchronous: bool) -> ServerStore:
    return ServerStore(
        writer=_engine(url, name, synchronous=synchronous, read_only=False),
        reader=_engine(url, name, synchronous=synchronous, read_only=True),
        name=name,
    )


def _engine(url: str, schema: str, *, synchronous: bool, read_only: bool) -> Engine:
    commit = "on" if synchronous else "off"
    try:
        engine = create_engine(
            url,
            connect_args={
                "connect_timeout": _CONNECT_SECONDS,
                "options": f"-c search_path={schema} -c synchronous_commit={commit}",
            },
            pool_size=_CONNECTIONS,
            paramstyle="format",  # rows travel as tuples: a name for each value of each row costs more than the row
            pool_pre_ping=True,  # a restarted server costs a reconnection, not an answer
            isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        )
    except (ArgumentError, ModuleNotFoundError) as error:
        raise Misuse("config.database", f"{_DRIVER}://user@host/database expected") from error
    if engine.url.drivername != _DRIVER:
        raise Misuse("config.database", f"{_DRIVER}://user@host/database expected")
    if read_only:
        return engine.execution_options(postgresql_readonly=True)
    allow_copying(engine)
    return engine


def _first_line(error: OperationalError) -> str:
    return str(error.orig).partition("\n")[0]
