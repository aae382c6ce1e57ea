"""The flags as stored: judged anew for each lot that a record touches, and read by pages.

Two kinds lie in one table. A flag of a lot's sums is replaced whenever the lot is touched (``idx`` 0). A flag that one
record proves by itself stays (``idx`` of the record).
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Row, Select, String, Table, Text, delete, func, insert, select

from cloud.batches import flags, repository, shape, stock
from cloud.batches.flags import Flag, Proof
from cloud.batches.model import Link, Side
from cloud.db.bulk import insert_rows
from cloud.db.keyset import Mark, Order, Page, page_of
from cloud.ledger.entry import Entry

_MOST_EVIDENCE = 10

_flags = Table(
    "lot_flags",
    repository.TABLES,
    Column("lot", String, primary_key=True),
    Column("code", String, primary_key=True),
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("grams", BigInteger),
    Column("evidence", Text, nullable=False),
)
_ADD = insert(_flags)
_ORDER = Order((_flags.c.lot, _flags.c.code, _flags.c.idx), is_descending=True)


def judge(connection: Connection, entries: Sequence[Entry], links: Sequence[Link]) -> None:
    """Bring the flags of the lots that these records touch up to what is known now."""
    touched = {link.lot for link in links}
    proof = Proof(
        came=lambda lot: repository.records_of(connection, [lot], [Side.CODED, Side.MADE], _MOST_EVIDENCE),
        left=lambda lot: repository.records_of(connection, [lot], [Side.SOLD, Side.USED], _MOST_EVIDENCE),
        left_between=lambda lot, start, end: repository.between(connection, lot, start, end, _MOST_EVIDENCE),
    )
    sums = [flag for each in stock.of_lots(connection, touched) for flag in flags.of_stock(each, proof)]
    _replace(connection, touched, flags.CODES_OF_STOCK, sums)
    reshaped = shape.reshaped(connection, links)
    shapes = shape.flags_of(connection, reshaped)
    _replace(connection, reshaped | {flag.lot for flag in shapes}, shape.CODES, shapes)
    insert_rows(connection, _ADD, [_row(flag, entry.index) for entry in entries for flag in flags.of_record(entry)])


def of_lots(connection: Connection, lots: Iterable[str]) -> list[Flag]:
    """Return the flags of these lots, by lot and code."""
    statement = select(_flags).where(_flags.c.lot.in_(list(lots))).order_by(_flags.c.lot, _flags.c.code, _flags.c.idx)
    return [_flag(row) for row in connection.execute(statement)]


def newest(connection: Connection, limit: int) -> list[Flag]:
    """Return flags whose evidence came last, for a notice board."""
    statement = select(_flags).order_by(_flags.c.idx.desc(), _flags.c.lot, _flags.c.code).limit(limit)
    return [_flag(row) for row in connection.execute(statement)]


def among(connection: Connection, lots: Select[tuple[str]], code: str, mark: Mark, limit: int) -> Page[Flag]:
    """Return a page of flags of the lots that a query names; of one code, or of all."""
    (lot,) = lots.selected_columns
    # Asked flag by flag, so that the store walks the flags in their order and does not begin with all lots.
    chosen = select(_flags).where(lots.where(lot == _flags.c.lot).correlate(_flags).exists())
    if code:
        chosen = chosen.where(_flags.c.code == code)
    rows = connection.execute(_ORDER.cut(chosen, mark, limit)).all()
    page = page_of(rows, mark, limit, lambda row: (row.lot, row.code, row.idx))
    return page.showing([_flag(row) for row in page.rows])


def count_among(connection: Connection, lots: Select[tuple[str]]) -> dict[str, int]:
    """Return how many flags of each code the lots have that a query names."""
    counted = select(_flags.c.code, func.count()).where(_flags.c.lot.in_(lots)).group_by(_flags.c.code)
    return {row[0]: row[1] for row in connection.execute(counted.order_by(_flags.c.code))}


def _flag(row: Row[Any]) -> Flag:
    return Flag(row.lot, row.code, tuple(json.loads(row.evidence)), row.grams)


def _replace(connection: Connection, lots: Iterable[str], codes: Sequence[str], found: Iterable[Flag]) -> None:
    chosen = _flags.c.lot.in_(list(lots)), _flags.c.code.in_(codes), _flags.c.idx == 0
    connection.execute(delete(_flags).where(*chosen))
    insert_rows(connection, _ADD, [_row(flag, 0) for flag in found])


def _row(flag: Flag, index: int) -> dict[str, object]:
    evidence = json.dumps(flag.evidence[: 2 * _MOST_EVIDENCE])
    return {"lot": flag.lot, "code": flag.code, "idx": index, "grams": flag.grams, "evidence": evidence}
