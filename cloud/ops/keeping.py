"""The projection ``keeping``: who answers for each device 挂账, and how far each fault ticket has come, as sealed.

Nothing but records of the ledger is read, so a rebuild makes the same tables. A step may arrive before the one that it
follows; a ticket's row is therefore made anew from all its steps whenever one is taken in.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, MetaData, String, Table, insert, select
from tracewire import record as records
from tracewire.kinds_console import SEVERITIES, TICKET_STATES
from tracewire.vocabulary import DECISIONS

from cloud.db import upsert
from cloud.db.bulk import insert_rows
from cloud.ledger.entry import Entry
from cloud.ops.tables import MARKET_OFFSET_MS

TABLES = MetaData()

assets = Table(
    "keeping_assets",
    TABLES,
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("device", String, nullable=False),
    Column("seq", BigInteger, nullable=False),  # of the record in its console's history
    Column("entered_ms", BigInteger, nullable=False),
    Column("commitment", LargeBinary, nullable=False),  # leads to the account
    Column("place", String, nullable=False),
    Column("holder", String, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("verified_until_ms", BigInteger),
    Column("note", String, nullable=False),
    Index("keeping_assets_by_device", "device", "idx"),
)

tickets = Table(
    "keeping_tickets",
    TABLES,
    Column("ticket", String, primary_key=True),
    Column("opened_idx", BigInteger, nullable=False, unique=True),  # of the first of its records
    Column("device", String, nullable=False),
    Column("site", String, nullable=False),  # where the device stood then: who may see the ticket
    Column("division", String, nullable=False),
    Column("rule", String, nullable=False),  # empty when a person reported it
    Column("severity", String, nullable=False),
    Column("step", BigInteger, nullable=False),  # the newest, as the rest of the row
    Column("state", String, nullable=False),
    Column("entered_ms", BigInteger, nullable=False),
    Column("note", String, nullable=False),
    Column("commitment", LargeBinary, nullable=False),
    Index("keeping_tickets_by_device", "device", "opened_idx"),
    Index("keeping_tickets_by_state", "state", "opened_idx"),
)

steps = Table(
    "keeping_steps",
    TABLES,
    Column("ticket", String, primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("idx", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("device", String, nullable=False),
    Column("entered_ms", BigInteger, nullable=False),
    Column("note", String, nullable=False),
    Column("commitment", LargeBinary, nullable=False),
    *(Column(name, String, nullable=False) for name in ("rule", "severity", "site", "division")),
)

_OF_REPORT = ("device", "rule", "severity", "site", "division")
"""What the first step of a ticket says for all of them."""

_SENTENCE = re.compile(
    r"asset (?P<device>\S+): held by (?P<holder>.*), at (?P<place>.*), since (?P<since>\d{4}-\d\d-\d\d), "
    r"verified until (?P<until>\d{4}-\d\d-\d\d|-)\.(?: (?P<note>.*))?"
)
"""How an entry was sealed before it had fields (spec 4.11)."""

_ADD_ASSETS = insert(assets)

Row = dict[str, Any]


class Keeping:
    """What consoles sealed about devices."""

    name = "keeping"
    tables: MetaData = TABLES
    is_by_device = False

    def apply(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Take in what these records say about devices; a console in quarantine says nothing."""
        trusted = [entry for entry in entries if entry.standing != "quarantined"]
        insert_rows(connection, _ADD_ASSETS, [row for entry in trusted if (row := _asset(entry)) is not None])
        taken = [_step(entry) for entry in trusted if entry.kind == records.TICKET]
        if not taken:
            return
        first_counts = upsert.insert(connection, steps).on_conflict_do_nothing()
        for row in taken:
            connection.execute(first_counts, row)
        _rewrite(connection, {row["ticket"] for row in taken})


def _rewrite(connection: Connection, names: Iterable[str]) -> None:
    """Make the rows of these tickets anew from their steps."""
    found: dict[str, list[Row]] = {name: [] for name in names}
    chosen = select(steps).where(steps.c.ticket.in_(found)).order_by(steps.c.step)
    for stored in connection.execute(chosen).mappings():
        found[stored["ticket"]].append(dict(stored))
    statement = upsert.insert(connection, tickets)
    newer = {column.name: statement.excluded[column.name] for column in tickets.c if column.name != "ticket"}
    replacing = statement.on_conflict_do_update(index_elements=[tickets.c.ticket], set_=newer)
    for name, taken in found.items():
        row: Row = {column.name: taken[-1].get(column.name) for column in tickets.c}
        row |= {field: taken[0][field] for field in _OF_REPORT}
        connection.execute(replacing, row | {"ticket": name, "opened_idx": min(step["idx"] for step in taken)})


def _step(entry: Entry) -> Row:
    body = entry.body
    severity = SEVERITIES[body.get("severity", 0)]
    said = {name: body.get(name, "") for name in ("note", "rule", "site", "division")}
    same = {name: body[name] for name in ("ticket", "step", "device", "entered_ms")}
    state = TICKET_STATES[body["state"]]
    return {**same, **said, "severity": severity, "state": state, **_sealed(entry)}


def _asset(entry: Entry) -> Row | None:
    """Return the row of an asset entry, whichever way it was sealed; None for any other record."""
    body = entry.body if entry.kind in (records.ASSET, records.DECISION) else {}
    if entry.kind == records.ASSET:
        said = {name: body.get(name, "") for name in ("device", "place", "holder", "note")}
        times = {name: body.get(name) for name in ("entered_ms", "since_ms", "verified_until_ms")}
        return {**said, **times, **_sealed(entry)}
    if entry.kind == records.DECISION and DECISIONS[body["decision"]] == "other":
        sentence = _SENTENCE.fullmatch(body["reason"])
        return None if sentence is None else {**_of_sentence(sentence), "entered_ms": entry.moment_ms, **_sealed(entry)}
    return None


def _of_sentence(sentence: re.Match[str]) -> Row:
    known = {name: "" if text in ("-", None) else text for name, text in sentence.groupdict().items()}
    return {
        **{name: known[name] for name in ("device", "holder", "place", "note")},
        "since_ms": _day_ms(known["since"]),
        "verified_until_ms": _day_ms(known["until"]) if known["until"] else None,
    }


def _sealed(entry: Entry) -> Row:
    return {"idx": entry.index, "seq": entry.seq, "commitment": entry.body["account"]}


def _day_ms(day: str) -> int:
    """Return when a day begins in China."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000) - MARKET_OFFSET_MS
