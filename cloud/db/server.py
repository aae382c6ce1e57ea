"""PostgreSQL as a store: one URL, one schema for the evidence and one for what is derived from it.

Why a lock of the whole ledger and not one for each device: records get their places in the log one after the other, so
somebody has to count, and a batch that holds the count can look at its devices' histories undisturbed. What costs time,
judging signatures, is done before the lock is taken, in any number of processes on any number of hosts.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    create_engine,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, OperationalError
from tracewire.errors import Misuse, Unavailable

from cloud.db.engine import SCHEMA_VERSION, Store

_DRIVER = "postgresql+psycopg"
_CONNECT_SECONDS = 10
_CONNECTIONS = 8
_VERSIONS = MetaData()
_version = Table("schema_version", _VERSIONS, Column("version", BigInteger, nullable=False))


@dataclass(frozen=True)
class ServerStore(Store):
    """One schema of a PostgreSQL database."""

    schema: str

    @contextmanager
    def alone(self, part: str = "") -> Iterator[Connection]:
        """Give a connection in a transaction that nobody else's runs beside, on no host; commit at the end.

        The lock, whose number is the same in every process of every host, ends with the transaction, and that with its
        connection, whatever ends it.
        """
        lock = zlib.crc32(f"chengxin {self.schema} {part}".encode())
        with self.writer.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})
            yield connection


def create_schema(url: str, schema: str, tables: Sequence[MetaData]) -> None:
    """Create the schema and all its tables; ``Misuse("store.exists")`` rather than touch an existing one.

    ``Unavailable("store.server")`` when the server cannot be reached.
    """
    engine = _engine(url, schema, synchronous=True, read_only=False)
    try:
        with engine.begin() as connection:
            if inspect(connection).has_schema(schema):
                raise Misuse("store.exists", f"schema {schema}")
            connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
            for each in (_VERSIONS, *tables):
                each.create_all(connection)
            connection.execute(insert(_version), {"version": SCHEMA_VERSION})
    except OperationalError as error:
        raise Unavailable("store.server", _first_line(error)) from error
    finally:
        engine.dispose()


def open_schema(url: str, schema: str, *, synchronous: bool) -> Store:
    """Open an existing schema; ``Misuse`` when it is missing or of another version, ``Unavailable`` without a server.

    ``synchronous`` is true for evidence: a commit that returned is on the server's disk, whatever the server's own
    settings say. Without it a crash of the server may take the last commits back, watermark included.
    """
    store = ServerStore(
        writer=_engine(url, schema, synchronous=synchronous, read_only=False),
        reader=_engine(url, schema, synchronous=synchronous, read_only=True),
        schema=schema,
    )
    try:
        with store.reader.connect() as connection:
            is_there = inspect(connection).has_table(_version.name, schema)
            version = connection.execute(select(_version.c.version)).scalar_one() if is_there else None
    except OperationalError as error:
        raise Unavailable("store.server", _first_line(error)) from error
    if version is None:
        raise Misuse("store.missing", f"schema {schema}: run `chengxin cloud init` first")
    if version != SCHEMA_VERSION:
        raise Misuse("store.version", f"schema {schema} has version {version}, this program {SCHEMA_VERSION}")
    return store


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
            pool_pre_ping=True,  # a restarted server costs a reconnection, not an answer
            isolation_level="REPEATABLE READ" if read_only else "READ COMMITTED",
        )
    except (ArgumentError, ModuleNotFoundError) as error:
        raise Misuse("config.database", f"{_DRIVER}://user@host/database expected") from error
    if engine.url.drivername != _DRIVER:
        raise Misuse("config.database", f"{_DRIVER}://user@host/database expected")
    return engine.execution_options(postgresql_readonly=True) if read_only else engine


def _first_line(error: OperationalError) -> str:
    return str(error.orig).partition("\n")[0]
