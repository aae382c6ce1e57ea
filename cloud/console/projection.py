"""The projection ``places``: where each lot was, whose it was, where sellers trade, and what was decided of them.

It answers who may see what: a market sees the lots that passed over one of its devices, a seller those given to its
code or on its card. Smallest and largest moments and nothing that depends on order, so a hole that is filled days
later ends in the same tables.
"""

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, MetaData, String, Table, case, insert
from tracewire import record as records

from cloud.batches.link import link
from cloud.batches.model import Side
from cloud.db import upsert
from cloud.db.bulk import insert_rows
from cloud.db.upsert import Insert
from cloud.ledger.entry import Entry

TABLES = MetaData()

CARD = re.compile("([0-9a-f]{2}){4,7}")
"""Number of a card, hexadecimal."""

lot_places = Table(
    "lot_places",
    TABLES,
    Column("lot", String, primary_key=True),
    Column("site", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Index("lot_places_by_site", "site", "last_ms", "lot"),
    Index("lot_places_by_time", "last_ms", "lot"),
)

lot_sellers = Table(
    "lot_sellers",
    TABLES,
    Column("lot", String, primary_key=True),
    Column("seller", String, primary_key=True),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Index("lot_sellers_by_seller", "seller", "last_ms", "lot"),
)

seller_places = Table(
    "seller_places",
    TABLES,
    Column("seller", String, primary_key=True),
    Column("site", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Index("seller_places_by_site", "site", "last_ms", "seller"),
    Index("seller_places_by_time", "last_ms", "seller"),
)

seller_decisions = Table(
    "seller_decisions",
    TABLES,
    Column("seller", String, primary_key=True),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("moment_ms", BigInteger, nullable=False),
    Column("decision", Integer, nullable=False),
)

card_decisions = Table(
    "card_decisions",
    TABLES,
    Column("card", String, primary_key=True),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("seller", String, nullable=False),
    Column("moment_ms", BigInteger, nullable=False),
    Column("decision", Integer, nullable=False),
    Index("card_decisions_by_seller", "seller"),
)

_ADD_DECISIONS, _ADD_CARDS = insert(seller_decisions), insert(card_decisions)
_TIMES = ("first_ms", "last_ms")

Row = Mapping[str, Any]


class Places:
    """Where lots and sellers were seen."""

    name = "places"
    tables: MetaData = TABLES
    is_by_device = False

    def apply(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Take in what these records say about places; devices in quarantine say nothing."""
        trusted = [entry for entry in entries if entry.standing != "quarantined"]
        for table, rows in (
            (lot_places, [row for entry in trusted for row in _passed(entry)]),
            (lot_sellers, [row for entry in trusted for row in _given(entry)]),
            (seller_places, [row for entry in trusted for row in _traded(entry)]),
        ):
            insert_rows(connection, _widening(connection.dialect.name, table), _widest(table, rows))
        insert_rows(connection, _ADD_DECISIONS, [row for entry in trusted for row in _decided(entry)])
        insert_rows(connection, _ADD_CARDS, [row for entry in trusted for row in _reported(entry)])


def _passed(entry: Entry) -> list[Row]:
    """Return the lots that were at a device; a paper about a lot, or a decision, brings it nowhere."""
    lots = dict.fromkeys(found.lot for found in link(entry) if found.side is not Side.ABOUT)
    return [{"lot": lot, "site": entry.site, "device": entry.device, **_at(entry)} for lot in lots]


def _given(entry: Entry) -> list[Row]:
    body = entry.body
    if entry.record.kind == records.SESSION and "seller" in body:
        seller, lots = body["seller"], [lot for _, lot in body.get("lots", ())]
    elif entry.record.kind == records.MOVEMENT and "to_party" in body:
        seller, lots = body["to_party"], [lot for lot, _ in body.get("outputs") or body["inputs"]]
    else:
        return []
    return [{"lot": lot, "seller": seller, **_at(entry)} for lot in dict.fromkeys(lots)]


def _traded(entry: Entry) -> list[Row]:
    if entry.record.kind != records.SESSION or "seller" not in entry.body:
        return []
    return [{"seller": entry.body["seller"], "site": entry.site, "device": entry.device, **_at(entry)}]


def _decided(entry: Entry) -> list[Row]:
    body = entry.body
    if entry.record.kind != records.DECISION or "subject" not in body or "card" in body:
        return []
    return [{"seller": body["subject"], "idx": entry.index, "moment_ms": entry.moment_ms, "decision": body["decision"]}]


def _reported(entry: Entry) -> list[Row]:
    """Return what a decision says of a card; one whose number is none says nothing."""
    body = entry.body
    if entry.record.kind != records.DECISION or "subject" not in body or not CARD.fullmatch(body.get("card", "")):
        return []
    about = {"card": body["card"], "seller": body["subject"], "decision": body["decision"]}
    return [{**about, "idx": entry.index, "moment_ms": entry.moment_ms}]


def _at(entry: Entry) -> dict[str, int]:
    return dict.fromkeys(_TIMES, entry.moment_ms)


def _widest(table: Table, rows: Iterable[Row]) -> list[Row]:
    """Return one row for each key, from its first moment to its last."""
    keys = [column.name for column in table.primary_key]
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        held = found.setdefault(tuple(row[key] for key in keys), dict(row))
        held["first_ms"] = min(held["first_ms"], row["first_ms"])
        held["last_ms"] = max(held["last_ms"], row["last_ms"])
    return list(found.values())


@functools.cache
def _widening(dialect: str, table: Table) -> Insert:
    statement, held = upsert.for_dialect(dialect, table), table.c
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={
            "first_ms": case((new.first_ms < held.first_ms, new.first_ms), else_=held.first_ms),
            "last_ms": case((new.last_ms > held.last_ms, new.last_ms), else_=held.last_ms),
        },
    )
