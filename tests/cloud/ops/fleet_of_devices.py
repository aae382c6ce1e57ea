"""A fleet without its histories: rows as the projection would have left them, for pages and figures over many devices.

    with devices.of(cloud, [scale(1), scale(2, lock="locked")]):

Why rows and not records: ten thousand devices with a day of records are an hour of sealing; the projection that makes
the rows has tests of its own.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, insert

from cloud.db.engine import Store
from cloud.ops import tables
from cloud.ops.register import register
from cloud.ops.state import empty

Row = dict[str, Any]


def scale(number: int, now_ms: int, site: str = "第八市场", **state: Any) -> tuple[Row, Row]:
    """Return the register's and the fleet's row of a healthy scale, but for what ``state`` says."""
    name = f"scale-{number:05d}"
    listed = {"name": name, "role": "scale", "state": "active", "division": "350203", "site": site}
    named = {"stall": f"A{number:05d}号", "seller": f"摊主{number}", "holder": None, "held_since_ms": None}
    for column in ("division", "stall", "seller", "holder", "verified_until_ms"):
        if column in state:
            named[column] = state.pop(column)
    well: Row = empty(name) | {
        "site": site, "standing": "active", "records": 100, "newest_seq": 100, "seen_ms": now_ms, "heard_ms": now_ms,
        "changed_index": number, "health_seq": 99, "health_ms": now_ms, "journal_permille": 20, "journal_pending": 0,
        "zero_drift_grams": 1, "flash_hours": 400, "printer": "ok", "battery_percent": 90, "boots": 1, "boot_seq": 1,
        "model": "CX-15", "software": "CX-15 1.0", "uptime_s": 3600,
    }  # fmt: skip
    return {"verified_until_ms": None, **listed, **named}, well | state


def put(store: Store, rows: Iterable[tuple[Row, Row]]) -> None:
    """Make these the devices that there are."""
    listed, states = zip(*rows, strict=True)
    with store.writer.begin() as connection:
        for table in (register, tables.devices):
            connection.execute(delete(table))
        connection.execute(insert(register), listed)
        connection.execute(insert(tables.devices), states)
