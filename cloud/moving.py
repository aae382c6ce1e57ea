"""A cloud that began in files goes on in a PostgreSQL database: evidence and accounts, row by row; the rest is derived.

Why not by a dump: places of records have a table of their own there, records lie in partitions, and nobody may write
while it lasts. The ledger comes last and in one transaction, so a database without its schema was not moved to. The
files have another name from the beginning; with them ``run`` would begin a second history.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, select, text
from tracewire.errors import Misuse, Unavailable

from cloud.accounts.schema import REVISIONS as ACCOUNT_REVISIONS
from cloud.config import Config
from cloud.db.bulk import append_tuples
from cloud.db.engine import open_store
from cloud.db.schema import Revisions
from cloud.db.server import create_schema
from cloud.ledger import partitions
from cloud.ledger import store as ledger
from cloud.ledger.schema import REVISIONS
from cloud.projection_schema import DerivedSchema
from cloud.stores import ACCOUNTS, LEDGER, PROJECTIONS

SUFFIX = ".moved"

_ROWS_AT_ONCE = 5_000
_RECORDS = ledger.records.name
_NOT_OURS = ("alembic_version",)
"""What the revisions of the new schema fill by themselves."""

Progress = Callable[[str, int], None]
"""Hears a table's name and how many more of its rows are there."""


def move(config: Config, url: str, derived: DerivedSchema, progress: Progress) -> int:
    """Copy everything that is not derived to an empty database; return how many records the ledger has.

    The files have their other name from the beginning, so nobody writes there meanwhile or afterwards; they get their
    own back when this fails. ``Misuse("move.database")`` for a cloud that lies in a database already,
    ``Unavailable("move.running")`` while a program of it runs, ``Misuse("store.exists")`` for a database that has one
    of our schemas, ``Unavailable("store.server")`` without it.
    """
    if config.database:
        raise Misuse("move.database", "this cloud lies in a database already")
    _rename(_files(config), "", SUFFIX)
    try:
        ledger_path, accounts_path, _ = (_named(path, SUFFIX) for path in _files(config))
        if accounts_path.exists():
            _copy_store(accounts_path, ACCOUNT_REVISIONS, partial(create_schema, url, ACCOUNTS), progress)
        create_schema(url, PROJECTIONS, derived)
        return _copy_store(ledger_path, REVISIONS, partial(create_schema, url, LEDGER), progress)
    except BaseException:
        _rename(_files(config), SUFFIX, "")
        raise


def _files(config: Config) -> tuple[Path, Path, Path]:
    return config.ledger_path, config.accounts_path, config.projections_path


def _named(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _rename(paths: Sequence[Path], before: str, after: str) -> None:
    """Give files that nobody has open another ending; one that has it, from a move that was cut off, keeps it."""
    present = [path for path in paths if _named(path, before).exists()]
    for path in present:
        _require_alone(_named(path, before))
    for path in present:
        _named(path, before).rename(_named(path, after))


def _require_alone(path: Path) -> None:
    """Fold the file's log into it, which SQLite does for the last one alone; ``Unavailable("move.running")``."""
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=0)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        raise Unavailable("move.running", f"{path.name}: stop every program of this cloud first") from error


def _copy_store(path: Path, revisions: Revisions, create: Callable[..., None], progress: Progress) -> int:
    source = open_store(path, revisions, synchronous="FULL")
    try:
        with source.alone() as reading:
            create(revisions, partial(_copy, reading, progress))
            return ledger.last_index(reading) if revisions is REVISIONS else 0
    finally:
        source.close()


def _copy(reading: Connection, progress: Progress, writing: Connection) -> None:
    """Copy every table that the source has; the target has the same ones, made by the same revisions."""
    old, new = MetaData(), MetaData()
    old.reflect(reading)
    for name in sorted(old.tables.keys() - set(_NOT_OURS)):
        target = Table(name, new, autoload_with=writing)
        for rows in _portions(reading, old.tables[name], target):
            if name == _RECORDS:
                partitions.make_room(writing, rows[0][0], rows[-1][0])
                ledger.claim(writing, rows)
            append_tuples(writing, insert(target), _names(target), rows)
            progress(name, len(rows))
        _count_on(writing, target)


def _portions(reading: Connection, source: Table, target: Table) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a table in the order of its key, with the columns that the target has."""
    chosen = select(*(source.c[name] for name in _names(target))).order_by(*source.primary_key.columns)
    for portion in reading.execution_options(yield_per=_ROWS_AT_ONCE).execute(chosen).partitions():
        yield [tuple(row) for row in portion]


def _names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


def _count_on(writing: Connection, table: Table) -> None:
    """Let numbers that the database gives go on behind the largest one that was copied."""
    for column in table.primary_key.columns:
        sequence = writing.execute(select(func.pg_get_serial_sequence(table.name, column.name))).scalar_one()
        largest = writing.execute(select(func.max(column))).scalar_one() if sequence else None
        if largest is not None:
            writing.execute(text("SELECT setval(:sequence, :largest)"), {"sequence": sequence, "largest": largest})
