"""Tables and queries of the batch graph, and nothing else.

Why so little is stored: a row says which ledger record touches which lot and how; everything else is read from the
record itself.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    func,
    insert,
    select,
)

from cloud.batches.model import Balance, Link, Side, Step
from cloud.db.arithmetic import total
from cloud.db.bulk import insert_tuples
from cloud.ledger.entry import Entry

TABLES = MetaData()

DISPOSED = "dispose.input"
"""Rule of a link by which a lot goes into its destruction."""

_links = Table(
    "links",
    TABLES,
    Column("idx", BigInteger, primary_key=True),
    Column("place", Integer, primary_key=True),  # a record may touch many lots
    Column("lot", String, nullable=False),
    Column("side", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("grams", BigInteger),
    Column("moment_ms", BigInteger, nullable=False),
    Index("links_by_lot", "lot", "side", "idx", "grams"),
    sqlite_with_rowid=False,
)

_sales = Table(
    "sales",
    TABLES,
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("device", String, nullable=False),
    Column("number", BigInteger, nullable=False),  # running count after the sale: the end of its slip code
    Index("sales_by_slip", "device", "number"),
    sqlite_with_rowid=False,
)

_sessions = Table(
    "sessions",
    TABLES,
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("device", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Index("sessions_by_device", "device", "seq"),
)

_ADD_LINKS, _ADD_SALES, _ADD_SESSIONS = insert(_links), insert(_sales), insert(_sessions)


def add_links(connection: Connection, links: Sequence[Link]) -> None:
    """Store links; those of one record must come together."""
    places: dict[int, int] = {}
    rows = []
    for link in links:
        place = places[link.index] = places.get(link.index, -1) + 1
        rows.append((link.index, place, link.lot, link.side.value, link.rule, link.grams, link.moment_ms))
    columns = ("idx", "place", "lot", "side", "rule", "grams", "moment_ms")
    insert_tuples(connection, _ADD_LINKS, columns, rows)


def add_sales(connection: Connection, entries: Sequence[Entry]) -> None:
    """Store which sale has which slip number."""
    rows = [(entry.index, entry.device, entry.record.totals[0]) for entry in entries]
    insert_tuples(connection, _ADD_SALES, ("idx", "device", "number"), rows)


def add_sessions(connection: Connection, entries: Sequence[Entry]) -> None:
    """Store where a seller's card came and went."""
    rows = [(entry.index, entry.device, entry.seq) for entry in entries]
    insert_tuples(connection, _ADD_SESSIONS, ("idx", "device", "seq"), rows)


def sales_with_number(connection: Connection, device: str, number: int) -> list[int]:
    """Return the ledger indexes of a device's sales with this running count: one, unless its totals lie."""
    statement = select(_sales.c.idx).where(_sales.c.device == device, _sales.c.number == number).order_by(_sales.c.idx)
    return list(connection.execute(statement).scalars())


def session_before(connection: Connection, device: str, seq: int) -> int | None:
    """Return the ledger index of the device's last session record before ``seq``."""
    statement = (
        select(_sessions.c.idx)
        .where(_sessions.c.device == device, _sessions.c.seq < seq)
        .order_by(_sessions.c.seq.desc())
        .limit(1)
    )
    return connection.execute(statement).scalar_one_or_none()


def records_of(connection: Connection, lots: Sequence[str], sides: Sequence[Side], limit: int) -> list[int]:
    """Return the ledger indexes of up to ``limit`` records that touch these lots on these sides, oldest first."""
    statement = (
        select(_links.c.idx)
        .where(_links.c.lot.in_(lots), _links.c.side.in_([side.value for side in sides]))
        .distinct()
        .order_by(_links.c.idx)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def is_known(connection: Connection, lot: str) -> bool:
    """Tell whether any record touches this lot."""
    return connection.execute(select(_links.c.idx).where(_links.c.lot == lot).limit(1)).first() is not None


def steps_that_made(connection: Connection, lots: Sequence[str], limit: int) -> list[Step]:
    """Return up to ``limit`` steps that any of these lots came out of, in ledger order."""
    return _steps(connection, records_of(connection, lots, [Side.MADE], limit))


def steps_that_used(connection: Connection, lots: Sequence[str], limit: int) -> list[Step]:
    """Return up to ``limit`` steps that any of these lots went into, in ledger order."""
    return _steps(connection, records_of(connection, lots, [Side.USED], limit))


def _steps(connection: Connection, indexes: Sequence[int]) -> list[Step]:
    statement = select(_links).where(_links.c.idx.in_(indexes)).order_by(_links.c.idx, _links.c.place)
    touched: dict[int, list[Link]] = {index: [] for index in indexes}
    for row in connection.execute(statement):
        touched[row.idx].append(_link(row))
    return [
        Step(
            index,
            used=tuple(link for link in links if link.side is Side.USED),
            made=tuple(link for link in links if link.side is Side.MADE),
        )
        for index, links in touched.items()
    ]


def sales_of(connection: Connection, lots: Sequence[str], after: int, limit: int) -> list[Link]:
    """Return up to ``limit`` sales of these lots behind ledger index ``after``, oldest first."""
    columns = _links.c
    chosen = select(_links).where(columns.lot.in_(lots), columns.side == Side.SOLD.value, columns.idx > after)
    return [_link(row) for row in connection.execute(chosen.order_by(columns.idx).limit(limit))]


def among_used(connection: Connection, lots: Iterable[str]) -> list[str]:
    """Return which of these lots went into some step."""
    columns = _links.c
    chosen = select(columns.lot).where(columns.lot.in_(list(lots)), columns.side == Side.USED.value)
    return list(connection.execute(chosen.distinct().order_by(columns.lot)).scalars())


def between(connection: Connection, lot: str, from_ms: int, to_ms: int | None, limit: int) -> list[int]:
    """Return up to ``limit`` ledger indexes of what left or moved a lot between two moments, but to be destroyed."""
    columns = _links.c
    sides = [side.value for side in (Side.SOLD, Side.USED, Side.MOVED)]
    chosen = select(columns.idx).where(columns.lot == lot, columns.side.in_(sides), columns.moment_ms > from_ms)
    chosen = chosen.where(columns.rule != DISPOSED)
    if to_ms is not None:
        chosen = chosen.where(columns.moment_ms < to_ms)
    return list(connection.execute(chosen.distinct().order_by(columns.idx).limit(limit)).scalars())


def _link(row: Row[Any]) -> Link:
    return Link(row.idx, row.lot, Side(row.side), row.rule, row.grams, row.moment_ms)


def balance(connection: Connection, lot: str) -> Balance:
    """Return what came into a lot and what left it, over the whole ledger."""
    statement = (
        select(_links.c.side, func.count(), func.count(_links.c.grams), total(_links.c.grams))
        .where(_links.c.lot == lot)
        .group_by(_links.c.side)
    )
    sums: dict[Side, int | None] = {}
    sales = 0
    for side, count, weighed, grams in connection.execute(statement):
        sums[Side(side)] = grams if weighed == count else None
        if side == Side.SOLD:
            sales = count
    came = sums[Side.MADE] if Side.MADE in sums else sums.get(Side.CODED)
    return Balance(came_grams=came, used_grams=sums.get(Side.USED, 0), sold_grams=sums.get(Side.SOLD) or 0, sales=sales)
