"""The projection of what devices say themselves: when each took a list of frozen lots onto its flash.

A device audits every new list as ``feed SERIAL: LOT LOT …`` before it refuses a sale by it. Serials and orders come
from one counter (``cloud/feed/store.py``), so a list with a serial beyond an order's version names what was ordered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Index, MetaData, String, Table, insert, select
from tracewire import record as records
from tracewire.words import AUDIT_EVENTS

from cloud.db.bulk import insert_rows
from cloud.db.engine import LARGEST_INTEGER
from cloud.ledger.entry import Entry

TABLES = MetaData()
_FROZEN = AUDIT_EVENTS.index("lots_frozen")
_START = "feed "

_lists = Table(
    "freeze_lists_heard",
    TABLES,
    Column("idx", BigInteger, primary_key=True, autoincrement=False),
    Column("device", String, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("moment_ms", BigInteger, nullable=False),
    Index("freeze_lists_by_serial", "serial"),
)
_ADD = insert(_lists)


@dataclass(frozen=True)
class Heard:
    """Record ``index`` of ``device`` says that it acts on the list with this serial since ``moment_ms``."""

    index: int
    device: str
    serial: int
    moment_ms: int


class FreezesHeard:
    """Lists of frozen lots, as each device recorded them."""

    name = "freezes_heard"
    tables: MetaData = TABLES
    is_by_device = False

    def apply(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Store every such audit record."""
        insert_rows(connection, _ADD, [row for entry in entries for row in _rows(entry)])


def after(connection: Connection, version: int) -> list[Heard]:
    """Return what was heard of any list beyond this order, oldest record first."""
    chosen = select(_lists).where(_lists.c.serial > version).order_by(_lists.c.idx)
    return [Heard(row.idx, row.device, row.serial, row.moment_ms) for row in connection.execute(chosen)]


def _rows(entry: Entry) -> list[dict[str, object]]:
    if entry.kind != records.AUDIT or entry.body["event"] != _FROZEN:
        return []
    serial, _, _ = entry.body.get("detail", "").removeprefix(_START).partition(":")
    if not (serial.isascii() and serial.isdigit() and int(serial) <= LARGEST_INTEGER):
        return []  # the words of an unknown device are kept in the ledger and promise nothing
    return [{"idx": entry.index, "device": entry.device, "serial": int(serial), "moment_ms": entry.moment_ms}]
