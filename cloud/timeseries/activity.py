"""The projection that turns records into samples: what each device did, when, and how much of it.

Why every kind and not sales alone: a scale that weighs and never sells, or only reports its health, is what the
dashboards must show first.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, MetaData
from tracewire.record import KINDS, WEIGHING, advance

from cloud.ledger.entry import Entry
from cloud.timeseries import store
from cloud.timeseries.store import Sample


class Activity:
    """Samples of every record, by device, kind and site."""

    name = "activity"
    tables: MetaData = store.TABLES
    is_by_device = True

    def apply(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Add one sample per record."""
        store.write(connection, [sample_of(entry) for entry in entries])


def sample_of(entry: Entry) -> Sample:
    """Return what a record adds to the time series."""
    record = entry.record
    _, grams, fen = advance((0, 0, 0), record.kind, record.body)
    if record.kind == WEIGHING:
        grams = record.body["net_grams"]
    return Sample(entry.device, KINDS[record.kind], entry.site, entry.moment_ms, entry.seq, grams, fen)
