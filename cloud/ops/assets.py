"""The asset ledger 挂账 of devices placed with users (Zhengzhou rules art. 7): where, with whom, since when.

What somebody enters is a statement, so it is sealed: it goes to the console's program as a decision about no goods.
Append-only: an entry says how things stand from now on, the newest of a device counts, and none is ever changed. Here
too stands until when a scale is verified 检定有效期: the certificate is paper, no record of a device has its date.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, MetaData, String, Table, func, insert, select
from tracewire.errors import Rejected

from cloud.web import figures

TABLES = MetaData()

LONGEST_TEXT = 96
"""Characters of anything that a person types here."""

_MOST_STATEMENT_BYTES = 240
"""Of the reason of a decision (spec 4)."""
_NUMBER_DIGITS = 32

_entries = Table(
    "ops_assets",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("device", String, nullable=False),
    Column("entered_ms", BigInteger, nullable=False),
    Column("account", String, nullable=False),
    Column("place", String, nullable=False),
    Column("holder", String, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("verified_until_ms", BigInteger),
    Column("note", String, nullable=False),
    Index("ops_assets_by_device", "device", "id"),
)


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One entry."""

    device: str
    entered_ms: int
    account: str
    """Who entered it."""
    place: str
    holder: str
    """Who answers for the device; empty when it is back in store."""
    since_ms: int
    verified_until_ms: int | None
    note: str

    @property
    def number(self) -> str:
        """Return the number under which its statement is sealed."""
        named = f"asset {self.device} {self.entered_ms} {self.account}"
        return hashlib.sha256(named.encode()).hexdigest()[:_NUMBER_DIGITS]

    @property
    def statement(self) -> str:
        """Return what is sealed."""
        until = figures.day(self.verified_until_ms) if self.verified_until_ms else "-"
        return (
            f"asset {self.device}: held by {self.holder or '-'}, at {self.place or '-'}, "
            f"since {figures.day(self.since_ms)}, verified until {until}. {self.note}"
        ).strip()

    def check(self) -> None:
        """Return if it may be entered; ``Rejected("asset.text")`` for text that no line or no record has room for."""
        for text in (self.place, self.holder, self.note):
            check_text(text, "asset.text")
        if len(self.statement.encode()) > _MOST_STATEMENT_BYTES:
            raise Rejected("asset.text", f"more than a record has room for: {_MOST_STATEMENT_BYTES} bytes in all")


def enter(connection: Connection, asset: Asset) -> None:
    """Append an entry that was checked."""
    connection.execute(insert(_entries), vars(asset))


def history(connection: Connection, device: str) -> Sequence[Asset]:
    """Return the entries of a device, newest first."""
    return [
        Asset(**{name: value for name, value in row.items() if name != "id"})
        for row in connection.execute(
            select(_entries).where(_entries.c.device == device).order_by(_entries.c.id.desc())
        ).mappings()
    ]


def current(connection: Connection) -> dict[str, Asset]:
    """Return the newest entry of each device that has any."""
    newest = select(func.max(_entries.c.id)).group_by(_entries.c.device)
    rows = connection.execute(select(_entries).where(_entries.c.id.in_(newest))).mappings()
    return {row["device"]: Asset(**{name: value for name, value in row.items() if name != "id"}) for row in rows}


def newest_entry(connection: Connection) -> int:
    """Return the number of the newest entry of any device, 0 for none."""
    return connection.execute(select(func.max(_entries.c.id))).scalar_one() or 0


def check_text(text: str, code: str) -> None:
    """Return if a person may have typed this into one line; ``Rejected`` with ``code`` otherwise."""
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise Rejected(code, f"one line of at most {LONGEST_TEXT} characters expected")
