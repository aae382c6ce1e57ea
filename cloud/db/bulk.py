"""Many rows into one table with one prepared statement.

Why not plain ``connection.execute(statement, rows)``: SQLAlchemy then prepares every value of every row in Python,
which costs more than SQLite takes to write it. Our columns are integers, text and bytes: drivers take them as they are.
"""

import functools
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Insert
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


@functools.lru_cache(maxsize=64)
def _compiled(statement: Insert, dialect: Dialect, columns: tuple[str, ...]) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    assert isinstance(compiled, SQLCompiler)
    return compiled
