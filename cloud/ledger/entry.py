"""A row of the ledger with its record opened: what projections and pages read.

Why opened again from the sealed bytes: they are the evidence; columns beside them only make them findable. The
signature was checked before the row was written, and the trace page checks it again.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from tracewire import cose
from tracewire import record as records

from cloud import codec


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted record and where it stands."""

    index: int
    device: str
    seq: int
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
    record: records.Record

    @property
    def body(self) -> dict[str, Any]:
        """What happened, by field name of ``tracewire.record.FIELDS``."""
        return self.record.body


def open_row(row: Row[Any]) -> Entry:
    """Return the entry of a row of ``store.records``."""
    return Entry(
        index=row.idx,
        device=row.device,
        seq=row.seq,
        digest=row.digest,
        kid=row.kid,
        site=row.site,
        standing=row.standing,
        gateway=row.gateway,
        received_ms=row.received_ms,
        committed_ms=row.committed_ms,
        moment_ms=row.moment_ms,
        sealed=row.sealed,
        record=codec.decode_record(cose.parse(row.sealed).payload),
    )
