"""A row of the ledger with its record opened: what projections and pages read.

Why opened again from the sealed bytes: they are the evidence; columns beside them only make them findable. The
signature was checked before the row was written, and the trace page checks it again. Why only when it is asked for:
most projections want a few kinds, and the kind stands in a column.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select
from tracewire import record as records

from cloud import codec
from cloud.ledger import store


@dataclass(eq=False)
class Entry:
    """One accepted record and where it stands; not frozen, because hundreds at a time are made."""

    index: int
    device: str
    seq: int
    kind: int
    digest: bytes
    kid: bytes
    site: str
    standing: str
    gateway: str
    received_ms: int
    committed_ms: int
    moment_ms: int
    """When it happened: the device's time, or the gateway's if the device's is absurd."""
    sealed: bytes

    @functools.cached_property
    def record(self) -> records.Record:
        """What the device said."""
        return codec.reopen(self.sealed)

    @property
    def body(self) -> dict[str, Any]:
        """What happened, by field name of ``tracewire.record.FIELDS``."""
        return self.record.body


_COLUMNS = [store.records.c["idx" if field.name == "index" else field.name] for field in fields(Entry)]
_NEXT = (
    select(*_COLUMNS)
    .where(store.records.c.idx > bindparam("after"))
    .order_by(store.records.c.idx)
    .limit(bindparam("most"))
)


def open_row(row: Row[Any]) -> Entry:
    """Return the entry of a row of ``store.records``."""
    return Entry(*(getattr(row, column.name) for column in _COLUMNS))


def entries_after(connection: Connection, index: int, limit: int) -> Sequence[Entry]:
    """Return up to ``limit`` entries after place ``index``, in ledger order."""
    return [Entry(*row) for row in connection.execute(_NEXT, {"after": index, "most": limit}).all()]
