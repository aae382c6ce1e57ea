"""Fault tickets (Zhengzhou rules art. 7 and 8): reported, dispatched, fixed, confirmed; every step with who and when.

A rule reports for the device, or a person does. Each step is a sealed record of the console (``Keeping``); until its
record is in the ledger it waits beside the accounts (``asked``), and is shown as one that waits. Whoever fixed a device
does not confirm it.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import RowMapping, func, select
from tracewire import record as records
from tracewire.errors import Rejected
from tracewire.kinds_console import SEVERITIES, TICKET_STATES

from cloud.accounts import asked
from cloud.accounts.asked import ASKED, REFUSED, RULE, SEALED, TICKET, Asked, Wish
from cloud.db.engine import Store
from cloud.db.keyset import FIRST, Mark, Order, Page, page_of
from cloud.ops import keeping
from cloud.ops.assets import check_fields, check_text
from cloud.ops.fleet import ON_A_PAGE, Scope

STATES = TICKET_STATES
REPORTED, DISPATCHED, FIXED, CONFIRMED = STATES
NEXT = {REPORTED: (DISPATCHED,), DISPATCHED: (FIXED,), FIXED: (CONFIRMED, DISPATCHED), CONFIRMED: ()}
"""What may follow; a repair that did not hold is dispatched again."""

_NAME_BYTES = 8
_MOST_WAITING = 50


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with which device; ``site`` and ``division`` as the registry has them: who may see the ticket."""

    device: str
    site: str
    division: str
    rule: str = ""
    """Empty when a person reported it."""
    severity: str = "minor"


@dataclass(frozen=True)
class Step:
    """One step of a ticket."""

    step: int
    state: str
    at_ms: int
    account: str
    """Empty when it was erased, or asked at another cloud."""
    note: str
    seq: int | None = None
    """Number of its record in the console's history; None while it waits for the seal."""
    is_refused: bool = False
    """The console's program did not seal it: whoever took it may no longer, or it lies outside their part."""


@dataclass(frozen=True)
class Ticket:
    """A fault and how far it has come."""

    ticket: str
    fault: Fault
    steps: tuple[Step, ...]
    refused: tuple[Step, ...]
    """Steps that the seal was refused to: they do not count, and their numbers are not given again."""

    @property
    def last(self) -> Step:
        """Return where it stands, sealed or not."""
        return self.steps[-1]

    @property
    def next_step(self) -> int:
        """Return the number of the step that may follow."""
        return max(each.step for each in (*self.steps, *self.refused)) + 1


class Tickets:
    """Asks what is sealed and what waits together; callable from any thread."""

    def __init__(self, derived: Store, accounts: Store) -> None:
        self._derived = derived
        self._accounts = accounts

    def report(self, fault: Fault, account: str, role: str, note: str, now_ms: int) -> str:
        """Open a ticket and return its name; that of the one which is open when a rule reports a device once more."""
        check_text(note, "ticket.text")
        if fault.rule:
            for ticket in self.of_device(fault.device):
                if ticket.fault.rule == fault.rule and ticket.last.state != CONFIRMED:
                    return ticket.ticket
        name = secrets.token_hex(_NAME_BYTES)
        self._ask(name, fault, Step(1, REPORTED, now_ms, account, note), role)
        return name

    def move(self, ticket: Ticket, step: Step, role: str) -> None:
        """Leave a step to be sealed; on disk when this returns.

        ``Rejected("ticket.moved")`` when its number is taken: somebody else was quicker; ``Rejected("ticket.state")``
        for a state that may not follow, ``Rejected("ticket.own")`` when who fixed it would confirm it.
        """
        check_text(step.note, "ticket.text")
        if step.step != ticket.next_step:
            raise Rejected("ticket.moved", "somebody else has moved it; look again")
        if step.state not in NEXT[ticket.last.state]:
            raise Rejected("ticket.state", f"{step.state} does not follow {ticket.last.state}")
        if step.state == CONFIRMED and step.account == ticket.last.account:
            raise Rejected("ticket.own", "somebody else confirms what you fixed")
        self._ask(ticket.ticket, Fault(device=ticket.fault.device, site="", division=""), step, role)

    def find(self, scope: Scope, name: str) -> Ticket:
        """Return a ticket; ``Rejected("ticket.unknown")`` when there is none in the scope."""
        for ticket in self._named([name]):
            if scope.sees(ticket.fault.site, ticket.fault.division):
                return ticket
        raise Rejected("ticket.unknown", "no such ticket here")

    def of_device(self, device: str) -> list[Ticket]:
        """Return the newest tickets of a device, newest first."""
        table = keeping.tickets.c
        newest = select(table.ticket).where(table.device == device).order_by(table.opened_idx.desc()).limit(ON_A_PAGE)
        with self._derived.reader.connect() as derived, self._accounts.reader.connect() as accounts:
            waiting = [wish.ticket for wish in asked.about_device(accounts, device, TICKET, _MOST_WAITING)]
            sealed = list(derived.execute(newest).scalars())
        return sorted(self._named(dict.fromkeys(waiting + sealed)), key=lambda each: -each.steps[0].at_ms)

    def waiting(self, scope: Scope) -> list[Ticket]:
        """Return tickets in scope whose newest step waits for the seal, those that wait longest first."""
        with self._accounts.reader.connect() as accounts:
            wishes = [
                wish for state in (SEALED, ASKED) for wish in asked.waiting(accounts, state, _MOST_WAITING, TICKET)
            ]
        return [
            ticket
            for ticket in self._named(dict.fromkeys(wish.ticket for wish in wishes))
            if ticket.last.seq is None and scope.sees(ticket.fault.site, ticket.fault.division)
        ]

    def page(self, scope: Scope, state: str = "", mark: Mark = FIRST) -> Page[RowMapping]:
        """Return tickets with their newest sealed step, the newest first: all, or those in one state."""
        table = keeping.tickets
        statement = select(table).where(scope.condition(table.c.site, table.c.division))
        if state:
            statement = statement.where(table.c.state == state)
        order = Order((table.c.opened_idx,), is_descending=True)
        with self._derived.reader.connect() as derived:
            rows = derived.execute(order.cut(statement, mark, ON_A_PAGE)).mappings().all()
        return page_of(rows, mark, ON_A_PAGE, lambda row: (row["opened_idx"],))

    def names_of(self, rows: Iterable[RowMapping]) -> dict[bytes, str]:
        """Return who took the newest steps of a page, by commitment."""
        with self._accounts.reader.connect() as accounts:
            return asked.accounts_of(accounts, [row["commitment"] for row in rows])

    def counts(self, scope: Scope) -> dict[str, int]:
        """Return how many tickets stand in each state, as sealed."""
        table = keeping.tickets
        seen = scope.condition(table.c.site, table.c.division)
        statement = select(table.c.state, func.count().label("number")).where(seen).group_by(table.c.state)
        with self._derived.reader.connect() as derived:
            return dict.fromkeys(STATES, 0) | {row.state: row.number for row in derived.execute(statement)}

    def _named(self, names: Iterable[str]) -> list[Ticket]:
        """Return these tickets, as far as anybody knows them: what is sealed, and behind it what waits."""
        asked_for: dict[str, dict[int, Asked]] = {name: {} for name in names}
        sealed: dict[str, dict[int, RowMapping]] = {name: {} for name in asked_for}
        with self._accounts.reader.connect() as accounts:
            for wish in asked.of_tickets(accounts, asked_for):
                asked_for[wish.ticket][int(wish.fields["step"])] = wish
        with self._derived.reader.connect() as derived:
            chosen = select(keeping.steps).where(keeping.steps.c.ticket.in_(list(asked_for)))
            for row in derived.execute(chosen).mappings():
                sealed[row["ticket"]][row["step"]] = row
        found = [_ticket(name, sealed[name], asked_for[name]) for name in asked_for]
        return [ticket for ticket in found if ticket is not None]

    def _ask(self, name: str, fault: Fault, step: Step, role: str) -> None:
        said = {
            "ticket": name,
            "step": step.step,
            "state": STATES.index(step.state),
            "entered_ms": step.at_ms,
            "note": step.note,
            "severity": SEVERITIES.index(fault.severity),
            **{field: getattr(fault, field) for field in ("device", "rule", "site", "division")},
        }
        fields = {field: value for field, value in said.items() if value != ""}
        check_fields(records.TICKET, fields, "ticket.text")
        number = hashlib.sha256(f"ticket {name} {step.step}".encode()).hexdigest()[:32]
        wish = Wish(number, TICKET, step.note, device=fault.device, ticket=name, fields=fields)
        asked.ask(self._accounts, wish, step.account, role, step.at_ms)
        with self._accounts.reader.connect() as accounts:
            kept = asked.find(accounts, number)
        if kept is None or (kept.account, kept.fields) != (step.account, fields):
            raise Rejected("ticket.moved", "somebody else has moved it; look again")


def by_rule(rule: str) -> str:
    """Return what stands for the account of a step that a rule took."""
    return f"{RULE}:{rule}"


def _ticket(name: str, sealed: dict[int, RowMapping], asked_for: dict[int, Asked]) -> Ticket | None:
    taken = {number: _sealed_step(row, asked_for.get(number)) for number, row in sealed.items()}
    unsealed = [_waiting_step(wish) for number, wish in sorted(asked_for.items()) if number not in sealed]
    taken |= {each.step: each for each in unsealed if not each.is_refused}
    if not taken:
        return None
    first = min(taken)
    said = sealed[first] if first in sealed else _fields_of(asked_for[first])
    fault = Fault(**{field: str(said[field]) for field in ("device", "site", "division", "rule", "severity")})
    steps = tuple(taken[number] for number in sorted(taken))
    return Ticket(name, fault, steps, tuple(each for each in unsealed if each.is_refused))


def _sealed_step(row: RowMapping, wish: Asked | None) -> Step:
    account = (wish.account or "") if wish is not None and wish.commitment == row["commitment"] else ""
    return Step(row["step"], row["state"], row["entered_ms"], account, row["note"], row["seq"])


def _waiting_step(wish: Asked) -> Step:
    said = _fields_of(wish)
    state, note = STATES[int(said["state"])], str(said["note"])
    is_refused = wish.state == REFUSED
    return Step(int(said["step"]), state, wish.asked_ms, wish.account or "", note, is_refused=is_refused)


def _fields_of(wish: Asked) -> dict[str, str | int]:
    blank = {"note": "", "rule": "", "site": "", "division": ""}
    return {**blank, **wish.fields, "severity": SEVERITIES[int(wish.fields["severity"])]}
