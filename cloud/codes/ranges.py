"""County label ranges 起止码: applied for, reviewed by somebody else, allotted, issued in stretches, used or void.

    applied -> approved -> allotted -> (issued -> used | void)
            -> refused

Numbers are 1 to 99,999,999 of one division and year; a range is whole blocks of a thousand. A range is allotted before
it is needed, so labels are printed without a network, as a scale numbers slips within its own code base.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from stdnum.iso7064 import mod_11_10
from tracewire.errors import Rejected

from cloud.codes.store import blocks, moves, ranges
from cloud.db.engine import Store
from cloud.web import divisions

BLOCK = 1_000
MOST_BLOCKS = 99_999
_MOST_WANTED = 10_000_000


@dataclass(frozen=True)
class Spent:
    """What became of the numbers of a range, in labels."""

    issued: int
    used: int
    void: int

    @property
    def outstanding(self) -> int:
        """How many were issued of which nobody has said what became: what a reconciliation is about."""
        return self.issued - self.used - self.void


@dataclass(frozen=True)
class Stand:
    """A range and what became of it; ``wanted`` in labels."""

    id: int
    holder: str
    division: str
    year: str
    purpose: str
    state: str
    wanted: int
    first: int | None
    last: int | None
    spent: Spent

    @property
    def allotted(self) -> int:
        """How many numbers the range has."""
        return 0 if self.first is None or self.last is None else self.last - self.first + 1

    def label(self, number: int) -> str:
        """Return the whole label code of one of the numbers: division, year, number, check digit."""
        body = f"{self.division}{self.year}{number:08}"
        return body + mod_11_10.calc_check_digit(body)


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
        _move(connection, number, ("issued", first, last), by, device=device)
        return first, last


def spend(store: Store, number: int, first: int, last: int, by: Person, *, reason: str = "") -> Stand:
    """Say that issued numbers were used, or with a ``reason`` that they are void; once for each number.

    ``Rejected("range.issued")`` for numbers that were not issued, ``Rejected("range.overlap")`` for some already said.
    """
    with store.alone() as connection:
        row = _in_state(connection, number, "allotted")
        if first > last or first < row.first or last > _issued_to(connection, row):
            raise Rejected("range.issued", f"numbers {first} to {last} were not all issued")
        crossing = select(moves).where(
            moves.c.range == number, moves.c.move != "issued", moves.c.first <= last, moves.c.last >= first
        )
        if (other := connection.execute(crossing).first()) is not None:
            raise Rejected("range.overlap", f"{other.first} to {other.last} are {other.move} already")
        _move(connection, number, ("void" if reason else "used", first, last), by, reason=reason)
        return _stand(connection, row)


def every(store: Store) -> list[Stand]:
    """Return all ranges with what became of their numbers: the reconciliation, oldest first."""
    with store.reader.connect() as connection:
        return [_stand(connection, row) for row in connection.execute(select(ranges).order_by(ranges.c.id)).all()]


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


def _move(connection: Connection, number: int, stretch: tuple[str, int, int], by: Person, **more: str) -> None:
    move, first, last = stretch
    values = {"range": number, "move": move, "first": first, "last": last, "device": "", "reason": ""} | more
    connection.execute(insert(moves).values(**values, person=by.name, moment_ms=by.moment_ms))


def _stand(connection: Connection, row: Row[Any]) -> Stand:
    counted = select(moves.c.move, func.sum(moves.c.last - moves.c.first + 1).label("labels")).where(
        moves.c.range == row.id
    )
    counts = {each.move: int(each.labels) for each in connection.execute(counted.group_by(moves.c.move))}
    spent = Spent(counts.get("issued", 0), counts.get("used", 0), counts.get("void", 0))
    return Stand(**{name: getattr(row, name) for name in _SHOWN}, spent=spent)


_SHOWN: Sequence[str] = ("id", "holder", "division", "year", "purpose", "state", "wanted", "first", "last")
