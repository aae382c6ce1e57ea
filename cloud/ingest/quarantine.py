"""Rejected evidence is kept: its bytes, its reason and its sender, so that a person can look at it again.

Why in the ledger's database and in the same transaction as the good neighbours: the gateway may forget all of an
envelope under one answer, so all of it must be on disk when the answer is sealed. The same bytes refused again for the
same reason are one row.
"""

from collections.abc import Sequence

from sqlalchemy import Connection
from tracewire.errors import Rejected

from cloud.db.upsert import insert
from cloud.ingest.verify import Refused, Verified
from cloud.ledger import store


def as_refused(record: Verified, reason: Rejected) -> Refused:
    """Return a record that held by itself but that the ledger refused."""
    return Refused(record.arrival, reason, record.device, record.kid, record.record.seq)


def keep(connection: Connection, refused: Sequence[Refused], now_ms: int) -> None:
    """Store refused records within the caller's transaction."""
    rows = [
        {
            "committed_ms": now_ms,
            "received_ms": record.arrival.received_ms,
            "gateway": record.arrival.gateway,
            "device": record.device,
            "seq": record.seq,
            "code": record.reason.code,
            "detail": record.reason.detail.replace("\0", "␀"),  # what a stranger wrote; PostgreSQL keeps no NUL
            "digest": record.arrival.digest,
            "sealed": record.arrival.sealed,
        }
        for record in refused
    ]
    if rows:
        connection.execute(insert(connection, store.quarantine).on_conflict_do_nothing(), rows)
