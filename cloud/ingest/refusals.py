"""Refused records as somebody reads them: who sent what and when, and why it does not count.

`quarantine` keeps the bytes; here they are found again. What the bytes claim is read from them as well as they allow:
the seal of a record that is shown here may be a lie, and so may what it says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select
from tracewire import cose
from tracewire.errors import Rejected
from tracewire.record import KINDS

from cloud import codec
from cloud.db.keyset import Mark, Order, Page, page_of
from cloud.ledger.store import quarantine

_ORDER = Order((quarantine.c.id,), is_descending=True)


@dataclass(frozen=True)
class Refusal:
    """One refused record; what nobody could find out is empty or None."""

    device: str
    seq: int | None
    gateway: str
    received_ms: int
    code: str
    detail: str
    kind: str
    lot: str
    digest: bytes


class Sight:
    """The refusals that somebody may see: those of the devices that ``sees`` says yes to, or with None, all."""

    def __init__(self, connection: Connection, sees: Callable[[str], bool] | None) -> None:
        """Look which devices were refused anything; there are few, whatever the size of the fleet."""
        self._connection = connection
        self._seen: ColumnElement[bool] = and_(True)
        if sees is not None:
            refused = connection.execute(select(quarantine.c.device).distinct()).scalars()
            self._seen = quarantine.c.device.in_([name for name in refused if name is not None and sees(name)])

    def counts(self) -> dict[str, int]:
        """Return how many there are for each reason."""
        counted = select(quarantine.c.code, func.count()).where(self._seen).group_by(quarantine.c.code)
        return {row[0]: row[1] for row in self._connection.execute(counted.order_by(quarantine.c.code))}

    def page(self, mark: Mark, limit: int, code: str = "", device: str = "") -> Page[Refusal]:
        """Return a page, the newest first; of one reason and one device, when they are given."""
        chosen = select(quarantine).where(self._seen)
        if code:
            chosen = chosen.where(quarantine.c.code == code)
        if device:
            chosen = chosen.where(quarantine.c.device == device)
        rows = self._connection.execute(_ORDER.cut(chosen, mark, limit)).all()
        page = page_of(rows, mark, limit, lambda row: (row.id,))
        return page.showing([_refusal(row) for row in page.rows])


def _refusal(row: Row[Any]) -> Refusal:
    kind, lot = _claimed(row.sealed)
    return Refusal(
        row.device or "", row.seq, row.gateway, row.received_ms, row.code, row.detail, kind, lot, row.digest
    )  # fmt: skip


def _claimed(sealed: bytes) -> tuple[str, str]:
    """Return the kind and the lot that a record claims; empty for bytes that are no record."""
    try:
        record = codec.decode_record(cose.parse(sealed).payload)
    except Rejected:
        return "", ""
    lot = record.body.get("lot", "")
    return KINDS[record.kind], lot if isinstance(lot, str) else ""
