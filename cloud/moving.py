"""A cloud that began in files goes on in a PostgreSQL database: evidence and accounts, row by row; the rest is derived.

Why not by a dump: places of records have a table of their own there, records lie in partitions, and nobody may write
while it lasts. The ledger comes last and in one transaction, so a database without its schema was not moved to. The
files are kept under another name; with them ``run`` would begin a second history.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, select, text
from tracewire.errors import Misuse

from cloud.accounts.schema import REVISIONS as ACCOUNT_REVISIONS
from cloud.config import Config
from cloud.db.bulk import append_tuples
from cloud.db.engine import Store
from cloud.db.server import create_schema
from cloud.ledger import partitions
from cloud.ledger import store as ledger
from cloud.ledger.schema import REVISIONS
from cloud.projection_schema import DerivedSchema
from cloud.stores import ACCOUNTS, LEDGER, PROJECTIONS, open_accounts, open_ledger

SUFFIX = ".moved"

_ROWS_AT_ONCE = 5_000
_RECORDS = ledger.records.name
_NOT_OURS = ("alembic_version",)
"""What the revisions of the new schema fill by themselves."""

Progress = Callable[[str, int], None]
"""Hears a table's name and how many more of its rows are there."""


def move(config: Config, url: str, derived: DerivedSchema, progress: Progress) -> int:
    """Copy everything that is not derived to an empty database; return how many records the ledger has.

    Ingest waits meanwhile. ``Misuse("move.database")`` for a cloud that lies in a database already,
    ``Misuse("store.exists")`` for a database that has one of our schemas, ``Unavailable("store.server")`` without it.
    """
    if config.database:
        raise Misuse("move.database", "this cloud lies in a database already")
    source = open_ledger(config)
    try:
        if config.accounts_path.exists():
            _move_store(open_accounts(config), partial(create_schema, url, ACCOUNTS, ACCOUNT_REVISIONS), progress)
        create_schema(url, PROJECTIONS, derived)
        with source.alone() as reading:
            create_schema(url, LEDGER, REVISIONS, partial(_copy, reading, progress))
            records = ledger.last_index(reading)
    finally:
        source.close()
    return records


def put_away(config: Config) -> list[Path]:
    """Give the files that were moved another name; return the names that they have now."""
    moved = []
    for path in (config.ledger_path, config.accounts_path, config.projections_path):
        if path.exists():
            moved.append(path.rename(path.with_name(path.name + SUFFIX)))
    return moved


def _move_store(source: Store, create: Callable[[Callable[[Connection], None]], None], progress: Progress) -> None:
    try:
        with source.alone() as reading:
            create(partial(_copy, reading, progress))
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
