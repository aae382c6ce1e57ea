"""``INSERT … ON CONFLICT`` for either database: standard in none, alike in both, and each has its own class for it."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = sqlite.Insert | postgresql.Insert


def insert(connection: Connection, table: Table) -> Insert:
    """Return an insert into ``table`` that knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    return for_dialect(connection.dialect.name, table)


def for_dialect(name: str, table: Table) -> Insert:
    """Return the same for a dialect by name; for statements that are made once."""
    return postgresql.insert(table) if name == "postgresql" else sqlite.insert(table)
