"""Fault tickets (Zhengzhou rules art. 7 and 8): reported, dispatched, fixed, confirmed; every step with who and when.

A rule reports for the device, or a person does. Steps are appended and never changed; where a ticket stands is its
newest one. Whoever fixed a device does not confirm it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    MetaData,
    RowMapping,
    Select,
    String,
    Table,
    and_,
    func,
    insert,
    select,
)
from tracewire.errors import Rejected

from cloud.ops.assets import check_text
from cloud.ops.fleet import ON_A_PAGE, Scope

TABLES = MetaData()

REPORTED, DISPATCHED, FIXED, CONFIRMED = STATES = ("reported", "dispatched", "fixed", "confirmed")
NEXT = {REPORTED: (DISPATCHED,), DISPATCHED: (FIXED,), FIXED: (CONFIRMED, DISPATCHED), CONFIRMED: ()}
"""What may follow; a repair that did not hold is dispatched again."""

BY_RULE = "rule"
"""Stands for the account of a step that nobody took."""

_tickets = Table(
    "ops_tickets",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("device", String, nullable=False),
    Column("site", String, nullable=False),  # as the registry had it then: who may see the ticket
    Column("division", String, nullable=False),
    Column("rule", String, nullable=False),  # empty when a person reported it
    Column("severity", String, nullable=False),
    Index("ops_tickets_by_device", "device", "rule"),
)

_steps = Table(
    "ops_ticket_steps",
    TABLES,
    Column("ticket", Integer, primary_key=True, autoincrement=False),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("state", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("account", String, nullable=False),
    Column("note", String, nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with which device; fields as the columns of ``ops_tickets``."""

    device: str
    site: str
    division: str
    rule: str = ""
    severity: str = "minor"


@dataclass(frozen=True)
class Step:
    """One step of a ticket."""

    step: int
    state: str
    at_ms: int
    account: str
    note: str


def report(connection: Connection, fault: Fault, account: str, note: str, now_ms: int) -> int:
    """Open a ticket and return its number; that of the one which is open when a rule reports a device once more."""
    check_text(note, "ticket.text")
    if fault.rule:
        same = and_(_tickets.c.device == fault.device, _tickets.c.rule == fault.rule)
        for ticket in connection.execute(select(_tickets.c.id).where(same).order_by(_tickets.c.id.desc())).scalars():
            if steps(connection, ticket)[-1].state != CONFIRMED:
                return int(ticket)
    number: int = connection.execute(insert(_tickets).returning(_tickets.c.id), vars(fault)).scalar_one()
    _append(connection, number, Step(1, REPORTED, now_ms, account, note))
    return number


def move(connection: Connection, ticket: int, step: Step) -> None:
    """Append a step.

    ``Rejected("ticket.moved")`` when its number is taken: somebody else was quicker; ``Rejected("ticket.state")`` for
    a state that may not follow, ``Rejected("ticket.own")`` when who fixed it would confirm it.
    """
    check_text(step.note, "ticket.text")
    last = steps(connection, ticket)[-1]
    if step.step != last.step + 1:
        raise Rejected("ticket.moved", "somebody else has moved it; look again")
    if step.state not in NEXT[last.state]:
        raise Rejected("ticket.state", f"{step.state} does not follow {last.state}")
    if step.state == CONFIRMED and step.account == last.account:
        raise Rejected("ticket.own", "somebody else confirms what you fixed")
    _append(connection, ticket, step)


def steps(connection: Connection, ticket: int) -> list[Step]:
    """Return the history of a ticket, oldest first."""
    columns = [_steps.c[name] for name in Step.__dataclass_fields__]
    statement = select(*columns).where(_steps.c.ticket == ticket).order_by(_steps.c.step)
    return [Step(*row) for row in connection.execute(statement)]


def find(connection: Connection, scope: Scope, ticket: int) -> RowMapping:
    """Return a ticket with its newest step; ``Rejected("ticket.unknown")`` when there is none in the scope."""
    statement = _with_newest_step().where(_tickets.c.id == ticket, _seen_by(scope))
    found = connection.execute(statement).mappings().one_or_none()
    if found is None:
        raise Rejected("ticket.unknown", "no such ticket here")
    return found


def page(
    connection: Connection, scope: Scope, *, device: str = "", state: str = "", number: int = 1
) -> Sequence[RowMapping]:
    """Return tickets with their newest step, the newest first: all, of one device, or in one state."""
    statement = _with_newest_step().where(_seen_by(scope))
    if device:
        statement = statement.where(_tickets.c.device == device)
    if state:
        statement = statement.where(_steps.c.state == state)
    cut = statement.order_by(_tickets.c.id.desc()).limit(ON_A_PAGE).offset((number - 1) * ON_A_PAGE)
    return connection.execute(cut).mappings().all()


def counts(connection: Connection, scope: Scope) -> dict[str, int]:
    """Return how many tickets stand in each state."""
    newest = _with_newest_step().where(_seen_by(scope)).subquery()
    rows = connection.execute(select(newest.c.state, func.count().label("number")).group_by(newest.c.state))
    return dict.fromkeys(STATES, 0) | {row.state: row.number for row in rows}


def _append(connection: Connection, ticket: int, step: Step) -> None:
    connection.execute(insert(_steps), {"ticket": ticket, **vars(step)})


def _with_newest_step() -> Select[Any]:
    newest = select(_steps.c.ticket, func.max(_steps.c.step).label("step")).group_by(_steps.c.ticket).subquery("newest")
    joined = _tickets.join(newest, newest.c.ticket == _tickets.c.id).join(
        _steps, and_(_steps.c.ticket == newest.c.ticket, _steps.c.step == newest.c.step)
    )
    columns = (*_tickets.c, _steps.c.step, _steps.c.state, _steps.c.at_ms, _steps.c.account, _steps.c.note)
    return select(*columns).select_from(joined)


def _seen_by(scope: Scope) -> ColumnElement[bool]:
    return scope.condition(_tickets.c.site, _tickets.c.division)
