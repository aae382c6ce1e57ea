"""The projection ``labels``: which county labels were put on which lot, or are void, as sealed (spec 4.13).

A row says what its record says and nothing more: whether the numbers were issued, and whether the lot is known, is
asked when somebody reads. So a labelling that arrives before its range or its lot waits here in sight, and the order
of arrival changes nothing.
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    MetaData,
    Row,
    Select,
    String,
    Table,
    and_,
    case,
    false,
    insert,
    or_,
    select,
)
from stdnum.iso7064 import mod_11_10
from tracewire import record as records
from tracewire.errors import Rejected
from tracewire.kinds_console import MOST_LABELS

from cloud.codes import profiles
from cloud.db import upsert
from cloud.db.bulk import insert_rows
from cloud.db.keyset import Mark, Order, Page, page_of
from cloud.ledger.entry import Entry

TABLES = MetaData()

_stretches = Table(
    "label_stretches",
    TABLES,
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("console", String, nullable=False),
    Column("seq", BigInteger, nullable=False),  # in the console's history
    Column("division", String, nullable=False),
    Column("year", String, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("lot", String, nullable=False),  # empty: void
    Column("device", String, nullable=False),
    Column("site", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("entered_ms", BigInteger, nullable=False),
    Column("commitment", LargeBinary, nullable=False),  # leads to the account
    Index("label_stretches_by_number", "division", "year", "first", "idx"),
    Index("label_stretches_by_lot", "lot", "idx"),
)

_years = Table(
    "label_years",
    TABLES,
    Column("division", String, primary_key=True),
    Column("year", String, primary_key=True),
    Column("last", BigInteger, nullable=False),  # the highest number that anybody spoke of
)

_ADD = insert(_stretches)
_BY_NUMBER = Order((_stretches.c.first, _stretches.c.idx))


@dataclass(frozen=True)
class Labelled:
    """A stretch of numbers and what somebody said became of it: on ``lot``, or without one void."""

    index: int | None
    """Of the record in the ledger; None for what was said by command before there were such records."""
    console: str
    seq: int
    division: str
    year: str
    first: int
    last: int
    lot: str
    is_void: bool
    device: str
    """Device or printer that had the labels; empty when nobody said."""
    site: str
    reason: str
    entered_ms: int
    commitment: bytes

    @property
    def count(self) -> int:
        """How many labels it speaks of."""
        return self.last - self.first + 1

    @property
    def codes(self) -> tuple[str, str]:
        """Return the codes of the first label and the last."""
        return code_of(self.division, self.year, self.first), code_of(self.division, self.year, self.last)

    @property
    def place(self) -> tuple[int, str, int]:
        """Return what sorts by when it was entered, whatever the order of arrival."""
        return self.entered_ms, self.console, self.seq


@dataclass(frozen=True)
class Numbers:
    """Labels from ``first`` to ``last`` of one division and year."""

    division: str
    year: str
    first: int
    last: int


class Labels:
    """What consoles sealed about labels."""

    name = "labels"
    tables: MetaData = TABLES
    is_by_device = False

    def apply(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Take in what these records say about labels; a console in quarantine says nothing."""
        said = [entry for entry in entries if entry.kind == records.LABELLING and entry.standing != "quarantined"]
        rows = [_row(entry) for entry in said]
        insert_rows(connection, _ADD, rows)
        highest = [{name: row[name] for name in ("division", "year", "last")} for row in rows]
        insert_rows(connection, _raising(connection.dialect.name), highest)


def code_of(division: str, year: str, number: int) -> str:
    """Return the whole code of a label: division, year, number, check digit."""
    body = f"{division}{year}{number:08}"
    return body + str(mod_11_10.calc_check_digit(body))


def parse(text: str) -> Numbers:
    """Return which one label a code is; ``Rejected("code.…")`` when it is none, or its check digit is wrong."""
    reading = profiles.read_as(profiles.named("label"), text)
    if not reading.is_good:
        raise Rejected("code.check", reading.complaint)
    number = int(reading.code[8:16])
    return Numbers(reading.code[:6], reading.code[6:8], number, number)


def between(first: Numbers, last: Numbers) -> Numbers:
    """Return all labels from one to another; ``Rejected("label.stretch")`` for what one record has no room for."""
    if (first.division, first.year) != (last.division, last.year):
        raise Rejected("label.stretch", "labels of one county and year expected")
    if not first.first <= last.last < first.first + MOST_LABELS:
        raise Rejected("label.stretch", f"1 to {MOST_LABELS:,} labels, the lowest number first")
    return Numbers(first.division, first.year, first.first, last.last)


def fields_of(
    numbers: Numbers, *, entered_ms: int, lot: str = "", device: str = "", site: str = "", reason: str = ""
) -> dict[str, str | int]:
    """Return the fields of the record, but for the account, that says the labels are on a lot or for a reason void.

    ``Rejected("label.what")`` for neither and for both.
    """
    if bool(lot) == bool(reason):
        raise Rejected("label.what", "labels are on a lot, or void for a reason")
    said = {"lot": lot, "device": device, "site": site, "reason": reason}
    count = numbers.last - numbers.first + 1
    where: dict[str, str | int] = {"division": numbers.division, "year": numbers.year, "first": numbers.first}
    return {**where, "count": count, "entered_ms": entered_ms, **{name: text for name, text in said.items() if text}}


def among(connection: Connection, numbers: Numbers) -> list[Labelled]:
    """Return everything that was said of any of these numbers, the lowest first."""
    chosen = _touching(numbers).order_by(*_BY_NUMBER.columns)
    return [_labelled(row) for row in connection.execute(chosen)]


def page_among(connection: Connection, numbers: Numbers, mark: Mark, limit: int) -> Page[Labelled]:
    """Return the same by pages."""
    return _page(connection, _touching(numbers), mark, limit)


def of_lots(connection: Connection, lots: Iterable[str], limit: int) -> list[Labelled]:
    """Return up to ``limit`` stretches that were put on these lots, by lot and in the order of the ledger."""
    columns = _stretches.c
    chosen = select(_stretches).where(columns.lot.in_([lot for lot in lots if lot])).order_by(columns.lot, columns.idx)
    return [_labelled(row) for row in connection.execute(chosen.limit(limit))]


def beyond(
    connection: Connection, tops: dict[tuple[str, str], int], counties: Sequence[str], mark: Mark, limit: int
) -> Page[Labelled]:
    """Return what was said in these counties of numbers above ``tops``, by division and year; without one, of any.

    ``counties`` are beginnings of division codes.
    """
    columns = _stretches.c
    over = []
    for row in connection.execute(select(_years)):
        top = tops.get((row.division, row.year), 0)
        if row.last > top and row.division.startswith(tuple(counties)):
            reaching = columns.last > top, columns.first > top - MOST_LABELS
            over.append(and_(columns.division == row.division, columns.year == row.year, *reaching))
    return _page(connection, select(_stretches).where(or_(false(), *over)), mark, limit)


def _touching(numbers: Numbers) -> Select[Any]:
    columns = _stretches.c
    return select(_stretches).where(
        columns.division == numbers.division,
        columns.year == numbers.year,
        columns.first.between(numbers.first - MOST_LABELS + 1, numbers.last),
        columns.last >= numbers.first,
    )


def _page(connection: Connection, chosen: Select[Any], mark: Mark, limit: int) -> Page[Labelled]:
    rows = connection.execute(_BY_NUMBER.cut(chosen, mark, limit)).all()
    page = page_of(rows, mark, limit, lambda row: (row.first, row.idx))
    return page.showing([_labelled(row) for row in page.rows])


def _labelled(row: Row[Any]) -> Labelled:
    values = dict(row._mapping)
    return Labelled(index=values.pop("idx"), is_void=not row.lot, **values)


def _row(entry: Entry) -> dict[str, Any]:
    body = entry.body
    said = {name: body.get(name, "") for name in ("lot", "device", "reason")} | {"site": body.get("site", entry.site)}
    numbers = {name: body[name] for name in ("division", "year", "first", "entered_ms")}
    sealed = {"idx": entry.index, "console": entry.device, "seq": entry.seq, "commitment": body["account"]}
    return {**sealed, **numbers, "last": body["first"] + body["count"] - 1, **said}


@functools.cache
def _raising(dialect: str) -> upsert.Insert:
    statement = upsert.for_dialect(dialect, _years)
    new, held = statement.excluded, _years.c
    return statement.on_conflict_do_update(
        index_elements=list(_years.primary_key), set_={"last": case((new.last > held.last, new.last), else_=held.last)}
    )
