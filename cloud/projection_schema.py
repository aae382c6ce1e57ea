"""The tables of what is derived: never changed, only dropped and made anew, because the ledger fills them again.

Why a fingerprint and not a number: whoever changes a table of a projection need not remember to count; the statements
that create it have changed, and that is what is compared.
"""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Column, Connection, MetaData, String, Table, delete, insert, inspect, select, text
from sqlalchemy.schema import CreateIndex, CreateTable

from cloud import watermarks
from cloud.db.engine import Store
from cloud.projections import Projection
from cloud.watermarks import TABLES

_schemas = Table(
    "projection_schemas",
    TABLES,
    Column("name", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("tables", String, nullable=False),  # names, to drop them when the program no longer knows them
)


class DerivedSchema:
    """The tables of these projections, beside those that all of them share."""

    def __init__(self, projections: Sequence[Projection]) -> None:
        self._projections = projections

    def upgrade(self, connection: Connection) -> Sequence[str]:
        """Make anew, empty, every projection whose tables are not this program's; return their names."""
        TABLES.create_all(connection)
        standing = _standing(connection)
        stale = [each for each in self._projections if standing.get(each.name) != fingerprint(connection, each.tables)]
        for projection in stale:
            _make(connection, projection)
        return [projection.name for projection in stale]

    def complaint(self, connection: Connection) -> str:
        """Return which projections have other tables; those that are not there at all are no reason to complain."""
        if not inspect(connection).has_table(_schemas.name):
            return "it is older than its marks of what is derived"
        standing = _standing(connection)
        other = [
            each.name
            for each in self._projections
            if each.name in standing and standing[each.name] != fingerprint(connection, each.tables)
        ]
        return f"the tables of {', '.join(other)} are another program's" if other else ""

    def add_missing(self, store: Store) -> None:
        """Create the projections that the store has never had; harmless otherwise."""
        with store.reader.connect() as connection:
            standing = _standing(connection)
        if all(projection.name in standing for projection in self._projections):
            return
        with store.alone() as connection:
            standing = _standing(connection)
            for projection in self._projections:
                if projection.name not in standing:
                    _make(connection, projection)


def fingerprint(connection: Connection, tables: MetaData) -> str:
    """Return what changes when the statements that create these tables do."""
    dialect = connection.dialect
    made: list[CreateTable | CreateIndex] = []
    for table in tables.sorted_tables:
        made += [CreateTable(table), *map(CreateIndex, sorted(table.indexes, key=lambda each: str(each.name)))]
    return hashlib.sha256("\n".join(str(each.compile(dialect=dialect)) for each in made).encode()).hexdigest()


def _standing(connection: Connection) -> dict[str, str]:
    return {row.name: row.fingerprint for row in connection.execute(select(_schemas))}


def _make(connection: Connection, projection: Projection) -> None:
    """Drop what a projection of this name had, create its tables, and set its watermark back."""
    known = connection.execute(select(_schemas.c.tables).where(_schemas.c.name == projection.name)).scalar_one_or_none()
    quote = connection.dialect.identifier_preparer.quote
    for name in (known or "").split():
        connection.execute(text(f"DROP TABLE IF EXISTS {quote(name)}"))
    projection.tables.drop_all(connection)
    projection.tables.create_all(connection)
    watermarks.start_over(connection, projection.name)
    row = {
        "name": projection.name,
        "fingerprint": fingerprint(connection, projection.tables),
        "tables": " ".join(table.name for table in projection.tables.sorted_tables),
    }
    connection.execute(delete(_schemas).where(_schemas.c.name == projection.name))
    connection.execute(insert(_schemas), row)
