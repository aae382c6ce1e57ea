"""What one device sealed, newest first, and what is wrong with its history: records missing, numbers given twice."""

from dataclasses import dataclass

from sqlalchemy import Connection, select
from tracewire import record as records
from tracewire.record import KINDS, code_of
from tracewire.words import AUDIT_EVENTS

from cloud.ledger import store as ledger
from cloud.ledger.entry import Entry, open_row
from cloud.ops.tables import visits

AT_ONCE = 50
_MOST_FAULTS = 50
_CODED = (records.SALE, records.CARCASS, records.LOT, records.MOVEMENT)
"""Kinds that give a code of their own, under which the trace page has a story."""


@dataclass(frozen=True)
class Sealed:
    """One record as a line of the stream."""

    seq: int
    kind: str
    moment_ms: int
    received_ms: int
    gateway: str
    word: str
    """What an audit record says happened; empty otherwise."""
    grams: int | None
    code: str
    """Under which its story is told; empty when it has none."""


@dataclass(frozen=True)
class Hole:
    """Records that are missing, or were until ``closed_ms``."""

    from_seq: int
    to_seq: int
    noticed_ms: int
    closed_ms: int | None


@dataclass(frozen=True)
class Patrol:
    """A visit 巡查 that an inspector's handheld sealed, to the seller whose card was in the device last."""

    handheld: str
    moment_ms: int
    visit: str
    finding: str | None
    note: str | None


@dataclass(frozen=True)
class Fork:
    """A number under which a second record was received."""

    seq: int
    received_ms: int
    gateway: str


def newest(connection: Connection, device: str, code_base: str, before_seq: int | None = None) -> list[Sealed]:
    """Return up to ``AT_ONCE`` records, newest first, those before a number when it is given."""
    table = ledger.records.c
    statement = select(ledger.records).where(table.device == device).order_by(table.seq.desc()).limit(AT_ONCE)
    if before_seq is not None:
        statement = statement.where(table.seq < before_seq)
    return [_line(open_row(row), code_base) for row in connection.execute(statement)]


def holes(connection: Connection, device: str) -> list[Hole]:
    """Return ranges that are or were missing, the newest first."""
    table = ledger.holes.c
    columns = (table.from_seq, table.to_seq, table.noticed_ms, table.closed_ms)
    statement = select(*columns).where(table.device == device).order_by(table.from_seq.desc()).limit(_MOST_FAULTS)
    return [Hole(*row) for row in connection.execute(statement)]


def forks(connection: Connection, device: str) -> list[Fork]:
    """Return second records under a number that was taken, the newest first."""
    table = ledger.forks.c
    columns = (table.seq, table.received_ms, table.gateway)
    statement = select(*columns).where(table.device == device).order_by(table.id.desc()).limit(_MOST_FAULTS)
    return [Fork(*row) for row in connection.execute(statement)]


def patrols(connection: Connection, seller_code: str | None) -> list[Patrol]:
    """Return the visits to a seller, the newest first; ``connection`` reads the projections."""
    table = visits.c
    columns = (table.device, table.moment_ms, table.visit, table.finding, table.note)
    statement = select(*columns).where(table.subject == seller_code).order_by(table.moment_ms.desc())
    return [Patrol(*row) for row in connection.execute(statement.limit(_MOST_FAULTS))]


def _line(entry: Entry, code_base: str) -> Sealed:
    kind, body = entry.kind, entry.body
    return Sealed(
        seq=entry.seq,
        kind=KINDS[kind],
        moment_ms=entry.moment_ms,
        received_ms=entry.received_ms,
        gateway=entry.gateway,
        word=AUDIT_EVENTS[body["event"]] if kind == records.AUDIT else "",
        grams=body.get("net_grams", body.get("hot_grams")),
        code=code_of(code_base, entry.record.totals[0]) if kind in _CODED and code_base else "",
    )
