"""County label ranges 起止码: applied for, reviewed by somebody else, allotted, issued in stretches.

    applied -> approved -> allotted -> issued
            -> refused

Numbers are 1 to 99,999,999 of one division and year; a range is whole blocks of a thousand. A range is allotted before
it is needed, so labels are printed without a network, as a scale numbers slips within its own code base.
What became of the labels afterwards is sealed (``labels.py``) and reckoned up when somebody asks (``reconcile.py``).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, false, func, insert, or_, select, update
from tracewire.errors import Rejected

from cloud.codes.labels import Labelled, Numbers, code_of
from cloud.codes.reckoning import Issue
from cloud.codes.store import blocks, moves, ranges
from cloud.db.engine import Store
from cloud.db.keyset import Mark, Order, Page, page_of
from cloud.web import divisions

BLOCK = 1_000
MOST_BLOCKS = 99_999
_MOST_WANTED = 10_000_000
_NEWEST_FIRST = Order((ranges.c.id,), is_descending=True)


@dataclass(frozen=True)
class Stand:
    """A range; ``wanted`` in labels."""

    id: int
    holder: str
    division: str
    year: str
    purpose: str
    state: str
    wanted: int
    first: int | None
    last: int | None
    issued: int
    """How many of its numbers were handed out."""

    @property
    def allotted(self) -> int:
        """How many numbers the range has."""
        return 0 if self.first is None or self.last is None else self.last - self.first + 1

    def label(self, number: int) -> str:
        """Return the whole label code of one of the numbers: division, year, number, check digit."""
        return code_of(self.division, self.year, number)


@dataclass(frozen=True)
class Person:
    """Who does something, and when, Unix milliseconds."""

    name: str
    moment_ms: int


@dataclass(frozen=True)
class Application:
    """What a holder asks for; ``year`` is two digits, ``wanted`` a number of labels."""

    holder: str
    division: str
    year: str
    wanted: int
    purpose: str = ""


def apply(store: Store, asked: Application, by: Person) -> Stand:
    """Ask for a range; ``Rejected("range.…")`` for what can never be allotted."""
    if not divisions.name_of(asked.division):
        raise Rejected("range.division", f"{asked.division!r} is no division of GB/T 2260")
    if len(asked.year) != 2 or not (asked.year.isascii() and asked.year.isdigit()):
        raise Rejected("range.year", "two digits expected")
    if not 0 < asked.wanted <= _MOST_WANTED or not asked.holder.strip():
        raise Rejected("range.wanted", f"a holder, and 1 to {_MOST_WANTED:,} labels")
    with store.alone() as connection:
        row = insert(ranges).values(**asdict(asked), state="applied", applied_by=by.name, applied_ms=by.moment_ms)
        key = connection.execute(row).inserted_primary_key
        assert key is not None
        return _stand(connection, _row(connection, key[0]))


def review(store: Store, number: int, by: Person, *, approve: bool) -> Stand:
    """Approve or refuse an application; ``Rejected("range.reviewer")`` when it is the reviewer's own."""
    with store.alone() as connection:
        row = _in_state(connection, number, "applied")
        if row.applied_by == by.name:
            raise Rejected("range.reviewer", "nobody reviews an own application")
        state = "approved" if approve else "refused"
        return _change(connection, number, state=state, reviewed_by=by.name, reviewed_ms=by.moment_ms)


def allot(store: Store, number: int) -> Stand:
    """Give the next free numbers to an approved range; ``Rejected("range.full")`` when a county's year is used up."""
    with store.alone() as connection:
        row = _in_state(connection, number, "approved")
        taken = select(func.max(blocks.c.block)).where(blocks.c.division == row.division, blocks.c.year == row.year)
        start = (connection.execute(taken).scalar_one() or 0) + 1
        count = -(-row.wanted // BLOCK)
        if start + count - 1 > MOST_BLOCKS:
            raise Rejected("range.full", f"{row.division} has no {row.wanted:,} numbers left in {row.year}")
        key = {"division": row.division, "year": row.year, "range": number}
        connection.execute(insert(blocks), [{**key, "block": start + each} for each in range(count)])
        first = (start - 1) * BLOCK + 1
        return _change(connection, number, state="allotted", first=first, last=first + count * BLOCK - 1)


def issue(store: Store, number: int, count: int, device: str, by: Person) -> tuple[int, int]:
    """Hand the next ``count`` numbers of a range to a device or printer; return the first and the last."""
    with store.alone() as connection:
        row = _in_state(connection, number, "allotted")
        first = _issued_to(connection, row) + 1
        last = first + count - 1
        if count < 1 or last > row.last:
            raise Rejected("range.spent", f"{row.last - first + 1} numbers are left in range {number}")
        _issue(connection, Issue(first, last, device, by.moment_ms), number, by)
        return first, last


def every(store: Store) -> list[Stand]:
    """Return all ranges, oldest first."""
    with store.reader.connect() as connection:
        return [_stand(connection, row) for row in connection.execute(select(ranges).order_by(ranges.c.id)).all()]


def page_of_counties(connection: Connection, divisions: Sequence[str], mark: Mark, limit: int) -> Page[Stand]:
    """Return a page of the ranges whose division begins with one of these, the newest first."""
    chosen = select(ranges).where(or_(false(), *(ranges.c.division.startswith(each) for each in divisions)))
    rows = connection.execute(_NEWEST_FIRST.cut(chosen, mark, limit)).all()
    page = page_of(rows, mark, limit, lambda row: (row.id,))
    return page.showing([_stand(connection, row) for row in page.rows])


def find(connection: Connection, number: int) -> Stand:
    """Return a range; ``Rejected("range.unknown")`` when there is none."""
    return _stand(connection, _row(connection, number))


def holding(connection: Connection, numbers: Numbers) -> Stand | None:
    """Return the range that has the first of these numbers; None when none has."""
    columns = blocks.c
    block = (numbers.first - 1) // BLOCK + 1
    at = columns.division == numbers.division, columns.year == numbers.year, columns.block == block
    number = connection.execute(select(columns.range).where(*at)).scalar_one_or_none()
    return None if number is None else find(connection, number)


def tops(connection: Connection) -> dict[tuple[str, str], int]:
    """Return by division and year the highest number that a range has; below it all numbers have one."""
    columns = blocks.c
    found = select(columns.division, columns.year, func.max(columns.block)).group_by(columns.division, columns.year)
    return {(row[0], row[1]): row[2] * BLOCK for row in connection.execute(found)}


def issues(connection: Connection, number: int) -> list[Issue]:
    """Return which numbers of a range were handed to whom, the lowest first."""
    chosen = select(moves).where(moves.c.range == number, moves.c.move == "issued").order_by(moves.c.first)
    return [Issue(row.first, row.last, row.device, row.moment_ms) for row in connection.execute(chosen)]


def said_before(connection: Connection, stand: Stand) -> list[Labelled]:
    """Return what was said of a range by command before there were records of it; it is kept, and nothing is added."""
    chosen = select(moves).where(moves.c.range == stand.id, moves.c.move.in_(("used", "void")))
    return [
        Labelled(
            index=None, console="", seq=row.id, division=stand.division, year=stand.year, first=row.first,
            last=row.last, lot="", is_void=row.move == "void", device="", site="", reason=row.reason,
            entered_ms=row.moment_ms, commitment=b"",
        )
        for row in connection.execute(chosen)
    ]  # fmt: skip


def _issued_to(connection: Connection, row: Row[Any]) -> int:
    newest = select(func.max(moves.c.last)).where(moves.c.range == row.id, moves.c.move == "issued")
    return int(connection.execute(newest).scalar_one() or row.first - 1)


def _row(connection: Connection, number: int) -> Row[Any]:
    row = connection.execute(select(ranges).where(ranges.c.id == number)).first()
    if row is None:
        raise Rejected("range.unknown", f"there is no range {number}")
    return row


def _in_state(connection: Connection, number: int, state: str) -> Row[Any]:
    row = _row(connection, number)
    if row.state != state:
        raise Rejected("range.state", f"range {number} is {row.state}, not {state}")
    return row


def _change(connection: Connection, number: int, **values: object) -> Stand:
    connection.execute(update(ranges).where(ranges.c.id == number).values(**values))
    return _stand(connection, _row(connection, number))


def _issue(connection: Connection, issue: Issue, number: int, by: Person) -> None:
    blank = {"move": "issued", "reason": "", "person": by.name}
    connection.execute(insert(moves).values(range=number, **asdict(issue), **blank))


def _stand(connection: Connection, row: Row[Any]) -> Stand:
    counted = select(func.sum(moves.c.last - moves.c.first + 1)).where(
        moves.c.range == row.id, moves.c.move == "issued"
    )
    issued = int(connection.execute(counted).scalar_one() or 0)
    return Stand(**{name: getattr(row, name) for name in _SHOWN}, issued=issued)


_SHOWN: Sequence[str] = ("id", "holder", "division", "year", "purpose", "state", "wanted", "first", "last")
