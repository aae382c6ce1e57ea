"""Tables and queries of the feed, in the ledger's database: what was ordered, and what was sealed for whom.

One counter numbers orders and statements alike. It only rises, so it serves gateways as "since" and devices as serial;
it follows the clock, so that a cloud restored from last night's copy does not give numbers that devices have seen.
What was frozen and who took which statement is kept for good: a recall reports who was told when (``told.py``).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, MetaData, Row, String, Table, func, select
from tracewire import cbor

from cloud.db.upsert import insert

TABLES = MetaData()

orders = Table(
    "feed_orders",
    TABLES,
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("device", String, primary_key=True),  # or EVERYONE
    Column("version", BigInteger, nullable=False),
    Column("ordered_ms", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),  # rows as ``feed.Statement`` takes them, in CBOR
)

frozen = Table(
    "feed_frozen",
    TABLES,
    Column("lot", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)

freezes = Table(
    "feed_freezes",
    TABLES,
    Column("lot", String, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),  # of the first order that names the lot
    Column("since_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger),  # null while it is frozen
)

statements = Table(
    "feed_statements",
    TABLES,
    Column("device", String, primary_key=True),
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False, unique=True),
    Column("order_version", BigInteger, nullable=False),
    Column("kid", LargeBinary, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)

EVERYONE = "*"

_NEWEST = select(*(select(func.max(table.c.version)).scalar_subquery() for table in (orders, statements)))


def next_version(connection: Connection, now_ms: int) -> int:
    """Return a number that was never given."""
    return max(newest_version(connection) + 1, now_ms)


def newest_version(connection: Connection) -> int:
    """Return the highest number given so far, 0 for none."""
    return max(number or 0 for number in connection.execute(_NEWEST).one())


def keep_order(connection: Connection, kind: int, device: str, body: Sequence[Sequence[object]], now_ms: int) -> int:
    """Let an order replace the one before it; return its version."""
    version = next_version(connection, now_ms)
    values = {"version": version, "ordered_ms": now_ms, "body": cbor.encode([list(row) for row in body])}
    statement = insert(connection, orders).values(kind=kind, device=device, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["kind", "device"], set_=values))
    return version


def keep_statement(connection: Connection, device: str, kind: int, values: dict[str, Any]) -> None:
    """Let a sealed statement replace the one before it."""
    statement = insert(connection, statements).values(device=device, kind=kind, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["device", "kind"], set_=values))


def all_orders(connection: Connection) -> Sequence[Row[Any]]:
    """Return every order in force."""
    return connection.execute(select(orders).order_by(orders.c.kind, orders.c.device)).all()


def body_of(connection: Connection, kind: int, device: str) -> list[Any]:
    """Return the rows of an order in force, none when there is no such order."""
    of_kind = orders.c.kind == kind, orders.c.device == device
    body = connection.execute(select(orders.c.body).where(*of_kind)).scalar_one_or_none()
    rows = [] if body is None else cbor.decode(body)
    assert isinstance(rows, list)
    return rows


def sealed_for(connection: Connection) -> dict[tuple[str, int], Row[Any]]:
    """Return every statement by device and kind."""
    return {(row.device, row.kind): row for row in connection.execute(select(statements))}


def statements_after(connection: Connection, version: int, limit: int | None) -> Sequence[Row[Any]]:
    """Return up to ``limit`` statements newer than ``version``, or all, oldest first."""
    newer = select(statements).where(statements.c.version > version)
    return connection.execute(newer.order_by(statements.c.version).limit(limit)).all()


def frozen_lots(connection: Connection) -> Sequence[Row[Any]]:
    """Return every frozen lot with its reason, oldest first."""
    return connection.execute(select(frozen).order_by(frozen.c.since_ms, frozen.c.lot)).all()
