"""The projection of the batch graph: links, sums and flags of each record, in one transaction with its watermark."""

from collections.abc import Sequence

from sqlalchemy import Connection, MetaData
from tracewire import record as records

from cloud.batches import flagged, repository, stock
from cloud.batches.link import link
from cloud.ledger.entry import Entry


class BatchLinks:
    """Links of every record, sales by slip number, sessions by device, stock and flags by lot."""

    name = "batches"
    tables: MetaData = repository.TABLES
    is_by_device = False

    def apply(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Store what these records say about lots."""
        trusted = [entry for entry in entries if entry.standing != "quarantined"]
        links = [found for entry in trusted for found in link(entry)]
        repository.add_links(connection, links)
        # Slips of a device in quarantine are still found, so that their page can say so.
        repository.add_sales(connection, [entry for entry in entries if entry.kind == records.SALE])
        repository.add_sessions(connection, [entry for entry in trusted if entry.kind == records.SESSION])
        stock.add(connection, trusted, links)
        flagged.judge(connection, trusted, links)
