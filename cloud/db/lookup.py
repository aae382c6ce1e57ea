"""One query for many keys: the keys travel as a table and are joined with what they look up.

Why not ``(a, b) IN (…)``: SQLite then reads the whole table; joined like this, each key is one look into an index in
either database. Why compiled once, and for 1, 2, 4, 8 … keys only: putting a query together costs more than running it,
and keys of nothing, which fill the table up, find nothing.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import CTE, Column, Connection, Dialect, Row, Select, bindparam, column, values
from sqlalchemy.sql.compiler import SQLCompiler

_KEYS_AT_ONCE = 512
"""SQLite takes 32,766 bound values in one statement, and not all in one list."""


class Lookup:
    """A query by a list of keys; make one at import."""

    def __init__(self, keys: Sequence[Column[Any]], join: Callable[[CTE], Select[Any]]) -> None:
        """``keys`` are columns whose names and types the keys have; ``join`` puts the query round the table of keys."""
        self._keys = tuple(keys)
        self._join = join

    def rows(self, connection: Connection, keys: Sequence[tuple[Any, ...]]) -> list[Row[Any]]:
        """Return what the query finds for these keys, in no order; values as the driver gives them."""
        found: list[Row[Any]] = []
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            portion = _filled(keys[start : start + _KEYS_AT_ONCE])
            compiled = self._compiled(connection.dialect, len(portion))
            named = {_name(*at): value for at, value in _numbered(portion)}
            parameters = tuple(named[name] for name in compiled.positiontup or ()) if compiled.positional else named
            found += connection.exec_driver_sql(str(compiled), parameters).all()
        return found

    @functools.lru_cache(maxsize=256)  # noqa: B019  # lookups live as long as the program
    def _compiled(self, dialect: Dialect, count: int) -> SQLCompiler:
        rows = [
            tuple(bindparam(_name(row, place), type_=key.type) for place, key in enumerate(self._keys))
            for row in range(count)
        ]
        asked = values(*(column(key.name, key.type) for key in self._keys), name="asked").data(rows).cte("asked")
        compiled = self._join(asked).compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        return compiled


def _filled(keys: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return these keys, and keys of NULL up to the next power of two: NULL equals nothing."""
    return [*keys, *[(None,) * len(keys[0])] * ((1 << (len(keys) - 1).bit_length()) - len(keys))]


def _numbered(keys: Sequence[tuple[Any, ...]]) -> list[tuple[tuple[int, int], Any]]:
    return [((row, place), value) for row, key in enumerate(keys) for place, value in enumerate(key)]


def _name(row: int, place: int) -> str:
    return f"key_{row}_{place}"
