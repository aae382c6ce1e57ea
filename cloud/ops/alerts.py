"""Rules that fire: when one has held for as long as it says, somebody is told once, and a ticket is opened once.

What holds is asked of the fleet; since when it holds is kept here, because a rule that waits thirty minutes must not
begin anew with each restart. Telling goes through an outbox in the same transaction: whoever is away hears it later.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from cloud.accounts.asked import RULE
from cloud.ops.metrics import Sources, sources
from cloud.ops.register import register
from cloud.ops.rules import Rule
from cloud.ops.tickets import Fault, by_rule
from cloud.ops.watch import Watch

TABLES = MetaData()

MOST_NAMED = 500
"""Devices named in one message; how many there are stands beside them."""

_MINUTE_MS = 60_000

holding = Table(
    "ops_holding",
    TABLES,
    Column("rule", String, primary_key=True),
    Column("device", String, primary_key=True),
    Column("began_ms", BigInteger, nullable=False),
    Column("fired_ms", BigInteger),  # null while it has not held for long enough
)

outbox = Table(
    "ops_outbox",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("made_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)


@dataclass(frozen=True)
class Turn:
    """What one look has found for one rule: devices for which it began to hold, fired, no longer holds, was cleared."""

    began: Sequence[str]
    fired: Sequence[str]
    ended: Sequence[str]
    cleared: Sequence[str]
    """Those of the ended for which it had fired."""

    def __bool__(self) -> bool:
        """Tell whether there is anything to write down."""
        return bool(self.began or self.fired or self.ended)


class Alerts:
    """Looks at the fleet under every rule; ``is_told``: there is somebody to tell."""

    def __init__(self, watch: Watch, *, is_told: bool) -> None:
        self._watch = watch
        self._is_told = is_told

    def look(self) -> int:
        """Look once, and return how many devices a rule has fired for; what follows is on disk when this returns."""
        now_ms = self._watch.now_ms()
        tables = sources(now_ms)
        with self._watch.reading() as fleet:
            return sum(
                self._look_under(rule, _holds(fleet, rule, now_ms, tables), now_ms) for rule in self._watch.rules
            )

    def _look_under(self, rule: Rule, holds: dict[str, dict[str, str]], now_ms: int) -> int:
        with self._watch.ledger.reader.connect() as connection:
            if not _turn(connection, rule, holds, now_ms):
                return 0
        with self._watch.ledger.alone("alerts") as connection:
            turn = _turn(connection, rule, holds, now_ms)  # another process may have written it down meanwhile
            _write_down(connection, rule, turn, now_ms)
            # A crash from here on: the ticket waits for its seal, nothing else is written; found open, it is kept.
            for device in turn.fired if rule.ticket else ():
                fault = Fault(**holds[device], rule=rule.name, severity=rule.severity)
                self._watch.tickets.report(fault, by_rule(rule.name), RULE, rule.name, now_ms)
            if self._is_told and (turn.fired or turn.cleared):
                connection.execute(insert(outbox), {"made_ms": now_ms, "body": _message(rule, turn, now_ms)})
        return len(turn.fired)


def _holds(fleet: Connection, rule: Rule, now_ms: int, tables: Sources) -> dict[str, dict[str, str]]:
    """Return where each device stands for which the rule holds now."""
    columns = (register.c.name.label("device"), register.c.site, register.c.division)
    statement = select(*columns).select_from(tables.joined).where(rule.holds(now_ms, tables))
    return {row["device"]: dict(row) for row in fleet.execute(statement).mappings()}


def _turn(connection: Connection, rule: Rule, holds: Collection[str], now_ms: int) -> Turn:
    rows = connection.execute(select(holding).where(holding.c.rule == rule.name)).all()
    known = {row.device: row for row in rows}
    began = sorted(set(holds) - set(known))
    since = {device: row.began_ms for device, row in known.items() if row.fired_ms is None} | dict.fromkeys(
        began, now_ms
    )
    due_ms = now_ms - rule.for_minutes * _MINUTE_MS
    return Turn(
        began=began,
        fired=sorted(device for device, began_ms in since.items() if device in holds and began_ms <= due_ms),
        ended=sorted(set(known) - set(holds)),
        cleared=sorted(row.device for row in rows if row.device not in holds and row.fired_ms is not None),
    )


def _write_down(connection: Connection, rule: Rule, turn: Turn, now_ms: int) -> None:
    if turn.began:
        rows = [{"rule": rule.name, "device": device, "began_ms": now_ms} for device in turn.began]
        connection.execute(insert(holding), rows)
    mine = and_(holding.c.rule == rule.name, holding.c.device == bindparam("named"))
    if turn.fired:
        fired = update(holding).where(mine).values(fired_ms=now_ms)
        connection.execute(fired, [{"named": device} for device in turn.fired])
    if turn.ended:
        connection.execute(delete(holding).where(mine), [{"named": device} for device in turn.ended])


def _message(rule: Rule, turn: Turn, now_ms: int) -> str:
    return json.dumps(
        {
            "type": "ops.alert",
            "timestamp_ms": now_ms,
            "rule": rule.name,
            "severity": rule.severity,
            "jurisdiction": rule.jurisdiction,
            "fired": turn.fired[:MOST_NAMED],
            "fired_count": len(turn.fired),
            "cleared": turn.cleared[:MOST_NAMED],
            "cleared_count": len(turn.cleared),
        },
        ensure_ascii=False,
    )
