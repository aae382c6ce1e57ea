"""Many rows into one table with one prepared statement, or as one stream where the database has it.

Why not plain ``connection.execute(statement, rows)``: SQLAlchemy then prepares every value of every row in Python,
which costs more than SQLite takes to write it. Our columns are integers, text and bytes: drivers take them as they are.
Why ``COPY`` for new rows in PostgreSQL: an ``INSERT`` for each row, even prepared and in a pipeline, is a message and
an answer for each, and the driver's Python between them costs several times the row.
"""

import functools
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, Insert, Table, event
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.sql.compiler import SQLCompiler


def insert_rows(connection: Connection, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> None:
    """Execute an insert for each row within the caller's transaction; all rows name the same columns.

    ``statement`` must be made once, at import: what it compiles to is kept.
    """
    if not rows:
        return
    compiled = _compiled(statement, connection.dialect, tuple(rows[0]))
    parameters: Sequence[Any] = rows
    if compiled.positional:
        assert compiled.positiontup is not None
        names = compiled.positiontup
        parameters = [(row[names[0]],) for row in rows] if len(names) == 1 else list(map(itemgetter(*names), rows))
    connection.exec_driver_sql(str(compiled), parameters)


def insert_tuples(
    connection: Connection, statement: Insert, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Do the same for rows that are tuples of these ``columns``: a name for each value would cost more than the row."""
    if not rows:
        return
    compiled = _compiled(statement, connection.dialect, columns)
    parameters: Sequence[Any] = rows
    if not compiled.positional:
        parameters = [dict(zip(columns, row, strict=True)) for row in rows]
    elif tuple(compiled.positiontup or ()) != columns:
        parameters = list(map(itemgetter(*map(columns.index, compiled.positiontup or ())), rows))
    connection.exec_driver_sql(str(compiled), parameters)


_TYPES = "copied_types"
"""Execution option that makes a statement a ``COPY``: the columns' types, as PostgreSQL calls them."""


def append_tuples(
    connection: Connection, statement: Insert, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Do the same for a plain insert, which meets no conflict or fails: PostgreSQL then takes the rows as a stream."""
    if connection.dialect.name != "postgresql" or len(rows) < 2:
        insert_tuples(connection, statement, columns, rows)
    else:
        copying, types = _copying(statement.table, connection.dialect, columns)
        connection.exec_driver_sql(copying, rows, execution_options={_TYPES: types})


def allow_copying(engine: Engine) -> None:
    """Let ``append_tuples`` stream rows through this engine; inside its execution, so that errors are its errors."""
    event.listen(engine, "do_executemany", _copy)


def _copy(cursor: Any, statement: str, rows: Sequence[tuple[Any, ...]], context: ExecutionContext) -> bool:
    types = context.execution_options.get(_TYPES)
    if types is None:
        return False
    with cursor.copy(statement) as stream:
        stream.set_types(types)
        for row in rows:
            stream.write_row(row)
    return True


@functools.lru_cache(maxsize=64)
def _copying(table: Table, dialect: Dialect, columns: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    quoted = dialect.identifier_preparer.quote
    names = ", ".join(map(quoted, columns))
    types = tuple(table.c[name].type.compile(dialect=dialect).lower() for name in columns)
    return f"COPY {quoted(table.name)} ({names}) FROM STDIN (FORMAT BINARY)", types


@functools.lru_cache(maxsize=64)
def _compiled(statement: Insert, dialect: Dialect, columns: tuple[str, ...]) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    assert isinstance(compiled, SQLCompiler)
    return compiled
