"""What came into each lot and what left it, kept up as records arrive: sums that come out the same in any order.

Why sums and not a look at all links: a lot with ten thousand sales is touched by every one of them. Everything here is
added up or is a smallest or largest value, so a hole that is filled days later changes nothing but the numbers.
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, Select, String, Table, case, insert, select
from tracewire import record as records
from tracewire.vocabulary import DECISIONS

from cloud.batches.model import Link, Side
from cloud.batches.repository import TABLES
from cloud.db import upsert
from cloud.db.bulk import insert_rows
from cloud.db.upsert import Insert
from cloud.ledger.entry import Entry

_COUNTED = ("coded", "coded_grams", "made", "made_grams", "used", "used_grams", "sold", "sold_grams", "unweighed")

_stock = Table(
    "stock",
    TABLES,
    Column("lot", String, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in _COUNTED),
)

_outlets = Table(
    "outlets",
    TABLES,
    Column("lot", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("site", String, primary_key=True),
    Column("sales", BigInteger, nullable=False),
    Column("grams", BigInteger, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
)

_decisions = Table(
    "lot_decisions",
    TABLES,
    Column("lot", String, primary_key=True),
    Column("idx", BigInteger, primary_key=True),
    Column("moment_ms", BigInteger, nullable=False),
    Column("decision", Integer, nullable=False),
)

_goods = Table(
    "lot_goods",
    TABLES,
    Column("lot", String, primary_key=True),
    Column("idx", BigInteger, primary_key=True),
    Column("goods", String, nullable=False),
)

_ADD_DECISIONS, _ADD_GOODS = insert(_decisions), insert(_goods)


@functools.cache
def _statements(dialect: str) -> tuple[Insert, Insert]:
    """Return the statements that add to stock and to outlets."""
    stock, outlets = upsert.for_dialect(dialect, _stock), upsert.for_dialect(dialect, _outlets)
    held, new = _outlets.c, outlets.excluded
    return (
        stock.on_conflict_do_update(
            index_elements=["lot"], set_={name: _stock.c[name] + stock.excluded[name] for name in _COUNTED}
        ),
        outlets.on_conflict_do_update(
            index_elements=["lot", "device", "site"],
            set_={
                "sales": held.sales + new.sales,
                "grams": held.grams + new.grams,
                "first_ms": case((new.first_ms < held.first_ms, new.first_ms), else_=held.first_ms),
                "last_ms": case((new.last_ms > held.last_ms, new.last_ms), else_=held.last_ms),
            },
        ),
    )


_COLUMNS = {side: (side.value, f"{side.value}_grams") for side in (Side.CODED, Side.MADE, Side.USED, Side.SOLD)}


@dataclass(frozen=True, slots=True)
class Outlet:
    """Sales of a lot from one device at one site, and between which moments."""

    device: str
    site: str
    sales: int
    grams: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A decision about a lot: ``word`` of ``DECISIONS``."""

    index: int
    moment_ms: int
    word: str


@dataclass
class Stock:
    """Everything known of one lot's mass; counters are records, masses grams."""

    lot: str
    coded: int = 0
    coded_grams: int = 0
    made: int = 0
    made_grams: int = 0
    used: int = 0
    used_grams: int = 0
    sold: int = 0
    sold_grams: int = 0
    unweighed: int = 0
    """Records that touched it without a mass: nothing can be said of what is left then."""
    goods: str = ""
    outlets: list[Outlet] = field(default_factory=list)
    decisions: list[Stop] = field(default_factory=list)
    """Oldest first."""

    @property
    def came_grams(self) -> int:
        """What came in: made by a step, or else coded at the source."""
        return self.made_grams if self.made else self.coded_grams

    @property
    def left_grams(self) -> int | None:
        """What should be left; None when something was not weighed or nothing is known to have come."""
        if self.unweighed or not (self.made or self.coded):
            return None
        return self.came_grams - self.used_grams - self.sold_grams


def add(connection: Connection, entries: Sequence[Entry], links: Sequence[Link]) -> None:
    """Add records and their links up."""
    by_index = {entry.index: entry for entry in entries}
    sums: dict[str, dict[str, int]] = {}
    outlets: dict[tuple[str, str, str], dict[str, Any]] = {}
    for link in links:
        row = sums.get(link.lot)
        if row is None:
            row = sums[link.lot] = dict.fromkeys(_COUNTED, 0)
        if link.side in _COLUMNS:
            number, grams = _COLUMNS[link.side]
            row[number] += 1
            row[grams] += link.grams or 0
            row["unweighed"] += link.grams is None
        if link.side is Side.SOLD:
            _add_outlet(outlets, link, by_index[link.index])
    add_stock, add_outlets = _statements(connection.dialect.name)
    insert_rows(connection, add_stock, [{"lot": lot, **row} for lot, row in sums.items()])
    insert_rows(connection, add_outlets, list(outlets.values()))
    insert_rows(connection, _ADD_DECISIONS, [row for entry in entries for row in _decided(entry)])
    insert_rows(connection, _ADD_GOODS, [row for entry in entries for row in _named(entry)])


def of_lots(connection: Connection, lots: Iterable[str]) -> list[Stock]:
    """Return what is known of these lots."""
    chosen = sorted(lots)
    if not chosen:
        return []
    found = {lot: Stock(lot) for lot in chosen}
    for row in connection.execute(select(_stock).where(_stock.c.lot.in_(chosen))):
        found[row.lot] = Stock(row.lot, *(getattr(row, name) for name in _COUNTED))
    order = (_outlets.c.lot, _outlets.c.site, _outlets.c.device)
    for row in connection.execute(select(_outlets).where(_outlets.c.lot.in_(chosen)).order_by(*order)):
        found[row.lot].outlets.append(Outlet(row.device, row.site, row.sales, row.grams, row.first_ms, row.last_ms))
    statement = (
        select(_decisions).where(_decisions.c.lot.in_(chosen)).order_by(_decisions.c.moment_ms, _decisions.c.idx)
    )
    for row in connection.execute(statement):
        found[row.lot].decisions.append(Stop(row.idx, row.moment_ms, DECISIONS[row.decision]))
    for row in connection.execute(select(_goods).where(_goods.c.lot.in_(chosen)).order_by(_goods.c.idx.desc())):
        found[row.lot].goods = row.goods  # the first that was said remains
    return list(found.values())


def decided_lots(connection: Connection, among: Select[tuple[str]] | None = None) -> list[str]:
    """Return every lot about which anybody decided anything; only those that a query names, with ``among``."""
    statement = select(_decisions.c.lot).distinct().order_by(_decisions.c.lot)
    if among is not None:
        statement = statement.where(_decisions.c.lot.in_(among))
    return list(connection.execute(statement).scalars())


def _add_outlet(outlets: dict[tuple[str, str, str], dict[str, Any]], link: Link, entry: Entry) -> None:
    place = link.lot, entry.device, entry.site
    row = outlets.get(place)
    if row is None:
        where = {"lot": link.lot, "device": entry.device, "site": entry.site}
        moments = {"first_ms": entry.moment_ms, "last_ms": entry.moment_ms}
        row = outlets[place] = {**where, "sales": 0, "grams": 0, **moments}
    row["sales"] += 1
    row["grams"] += link.grams or 0
    row["first_ms"] = min(row["first_ms"], entry.moment_ms)
    row["last_ms"] = max(row["last_ms"], entry.moment_ms)


def _decided(entry: Entry) -> list[dict[str, Any]]:
    if entry.kind != records.DECISION or "lot" not in entry.body:
        return []
    body = entry.body
    return [{"lot": body["lot"], "idx": entry.index, "moment_ms": entry.moment_ms, "decision": body["decision"]}]


def _named(entry: Entry) -> list[dict[str, Any]]:
    if entry.kind not in (records.LOT, records.MOVEMENT) or "goods" not in entry.body:
        return []
    body = entry.body
    lots = [body["lot"]] if entry.kind == records.LOT else [lot for lot, _ in body.get("outputs", ())]
    return [{"lot": lot, "idx": entry.index, "goods": body["goods"]} for lot in dict.fromkeys(lots)]
