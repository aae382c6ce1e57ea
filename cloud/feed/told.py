"""Who took which statement, and when: kept for good, because a recall must say who was told (spec 14.7).

A gateway that asks for what is newer than a number has everything up to that number on its disk; the question is its
receipt, and its certificate says which gateway it is. So a statement counts as taken at the first question that follows
it, some seconds after it went out. What a device did with a statement, it says in a record of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, Row, String, Table, select
from tracewire import feed

from cloud.db.engine import Store
from cloud.db.upsert import insert
from cloud.feed import store as tables

_reach = Table(
    "feed_reach",
    tables.TABLES,
    Column("gateway", String, primary_key=True),
    Column("version", BigInteger, nullable=False),  # everything up to here is on its disk
)

_taken = Table(
    "feed_taken",
    tables.TABLES,
    Column("device", String, primary_key=True),
    Column("kind", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("gateway", String, primary_key=True),
    Column("order_version", BigInteger, nullable=False),
    Column("taken_ms", BigInteger, nullable=False),
)


@dataclass(frozen=True)
class Taken:
    """A gateway had a statement for ``device`` on its disk at ``taken_ms``; ``version`` is the statement's serial."""

    device: str
    version: int
    order_version: int
    gateway: str
    taken_ms: int


def note(store: Store, gateway: str, since: int, now_ms: int, serves: Callable[[str], bool]) -> None:
    """Note what a gateway has taken, as its question for what is newer than ``since`` tells; seldom news."""
    with store.reader.connect() as connection:
        if not _reach_of(connection, gateway) < since <= tables.newest_version(connection):
            return
    with store.alone() as connection:
        before = _reach_of(connection, gateway)
        for row in tables.statements_after(connection, before, None):
            if row.version <= since and serves(row.device):
                connection.execute(_taking(connection, row, gateway, now_ms))
        reached = insert(connection, _reach).values(gateway=gateway, version=since)
        connection.execute(reached.on_conflict_do_update(index_elements=["gateway"], set_={"version": since}))


def frozen_since(connection: Connection, lots: Sequence[str], at_ms: int) -> dict[str, tuple[int, int]]:
    """Return, by lot, version and time of the freeze in force at ``at_ms``, or of the first one after it."""
    freezes = tables.freezes.c
    is_in_force = freezes.until_ms.is_(None) | (freezes.until_ms >= at_ms)
    chosen = select(freezes.lot, freezes.version, freezes.since_ms).where(freezes.lot.in_(list(lots)), is_in_force)
    found: dict[str, tuple[int, int]] = {}
    for row in connection.execute(chosen.order_by(freezes.version)):
        found.setdefault(row.lot, (row.version, row.since_ms))
    return found


def takings(connection: Connection, order_version: int) -> list[Taken]:
    """Return the freeze statements taken that follow this order or a later one, in the order they were taken."""
    columns = _taken.c
    chosen = select(_taken).where(columns.kind == feed.FREEZE, columns.order_version >= order_version)
    rows = connection.execute(chosen.order_by(columns.taken_ms, columns.version))
    return [Taken(row.device, row.version, row.order_version, row.gateway, row.taken_ms) for row in rows]


def _reach_of(connection: Connection, gateway: str) -> int:
    return connection.execute(select(_reach.c.version).where(_reach.c.gateway == gateway)).scalar_one_or_none() or 0


def _taking(connection: Connection, row: Row[Any], gateway: str, now_ms: int) -> Any:
    values = {"device": row.device, "kind": row.kind, "version": row.version, "gateway": gateway}
    statement = insert(connection, _taken).values(**values, order_version=row.order_version, taken_ms=now_ms)
    return statement.on_conflict_do_nothing()
