"""Tables from before steps of tickets and asset entries were sealed with their fields: read, never written.

Tickets of that time cannot be sealed now, for nobody says today what somebody did then. A device's page shows where
each was left. Asset entries were sealed as sentences, which ``Keeping`` reads from the ledger.
"""

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    and_,
    func,
    select,
)

TABLES = MetaData()

_MOST = 50

tickets = Table(
    "ops_tickets",
    TABLES,
    Column("id", Integer, primary_key=True),
    *(Column(name, String, nullable=False) for name in ("device", "site", "division", "rule", "severity")),
    Index("ops_tickets_by_device", "device", "rule"),
)

steps = Table(
    "ops_ticket_steps",
    TABLES,
    Column("ticket", Integer, primary_key=True, autoincrement=False),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("state", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("account", String, nullable=False),
    Column("note", String, nullable=False),
)

assets = Table(
    "ops_assets",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("device", String, nullable=False),
    Column("entered_ms", BigInteger, nullable=False),
    *(Column(name, String, nullable=False) for name in ("account", "place", "holder")),
    Column("since_ms", BigInteger, nullable=False),
    Column("verified_until_ms", BigInteger),
    Column("note", String, nullable=False),
    Index("ops_assets_by_device", "device", "id"),
)


def tickets_of(connection: Connection, device: str) -> Sequence[RowMapping]:
    """Return the newest step of each of a device's tickets, newest first; ``connection`` reads the ledger's store."""
    newest = select(steps.c.ticket, func.max(steps.c.step).label("step")).group_by(steps.c.ticket).subquery("newest")
    statement = (
        select(tickets.c.id, tickets.c.rule, steps.c.state, steps.c.at_ms, steps.c.account, steps.c.note)
        .join(newest, newest.c.ticket == tickets.c.id)
        .join(steps, and_(steps.c.ticket == newest.c.ticket, steps.c.step == newest.c.step))
        .where(tickets.c.device == device)
    )
    return connection.execute(statement.order_by(tickets.c.id.desc()).limit(_MOST)).mappings().all()
