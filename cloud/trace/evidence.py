"""What one trace page reads: ledger, batch graph and registry as of one moment.

Why the graph is read before the ledger: projections follow the ledger, so whatever the graph names is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from tracewire import cose
from tracewire.credential import Credential
from tracewire.errors import Rejected
from tracewire.record import code_of

from cloud.batches import flagged, repository, stock
from cloud.batches.flags import Flag
from cloud.batches.model import Balance, Side, Step
from cloud.batches.stock import Stock
from cloud.codes import labels, reconcile
from cloud.codes.labels import Labelled
from cloud.codes.reconcile import Label
from cloud.ledger import merkle
from cloud.ledger import store as ledger
from cloud.ledger.entry import Entry, open_row
from cloud.ledger.tree import Log
from cloud.registry import Roll

_MOST_PAPERS = 200


@dataclass(frozen=True)
class Found:
    """Which lot a code leads to, and by what: a slip's sale, a label, or the lot's own code."""

    lot: str
    sale: Entry | None = None
    label: Label | None = None


class Evidence:
    """Read access for the time of one request."""

    def __init__(self, ledger_connection: Connection, graph_connection: Connection, roll: Roll) -> None:
        self._ledger = ledger_connection
        self._graph = graph_connection
        self.roll = roll

    def sale_of_slip(self, code: str) -> Entry | None:
        """Return the sale with this slip code, or None: 13 digits name the device, 7 count its goods (spec 4.5)."""
        device = self.roll.device_with_code_base(code[:13]) if len(code) == 20 else None
        if device is None:
            return None
        found = repository.sales_with_number(self._graph, device, int(code[13:]))
        return self.entry(found[0]) if found else None

    def find(self, code: str) -> Found:
        """Return what a code leads to; ``Rejected("trace.unknown")`` for one that leads to no lot."""
        sale = self.sale_of_slip(code)
        if sale is not None:
            return Found(str(sale.body["lot"]), sale)
        if repository.is_known(self._graph, code) or self.labelled([code], 1):
            return Found(code)
        label = self.label(code)
        if label is None or not label.lot:
            raise Rejected("trace.unknown", "no slip, no lot and no label on goods has this code")
        return Found(label.lot, label=label)

    def label(self, code: str) -> Label | None:
        """Return what is known of the label with this code."""
        return reconcile.of_label(self._ledger, self._graph, code)

    def labelled(self, lots: Sequence[str], limit: int) -> list[Labelled]:
        """Return up to ``limit`` stretches of labels that were put on these lots."""
        return labels.of_lots(self._graph, lots, limit)

    def steps_that_made(self, lots: Sequence[str], limit: int) -> list[Step]:
        """Return the steps that these lots came out of."""
        return repository.steps_that_made(self._graph, lots, limit)

    def steps_that_used(self, lots: Sequence[str], limit: int) -> list[Step]:
        """Return the steps that these lots went into."""
        return repository.steps_that_used(self._graph, lots, limit)

    def stocks(self, lots: Sequence[str]) -> list[Stock]:
        """Return the sums of these lots."""
        return stock.of_lots(self._graph, lots)

    def flags(self, lots: Sequence[str]) -> list[Flag]:
        """Return what is wrong with these lots."""
        return flagged.of_lots(self._graph, lots)

    def sales_of(self, lots: Sequence[str], after: int, limit: int) -> list[Entry]:
        """Return up to ``limit`` sales of these lots behind a place of the ledger, oldest first."""
        return self.entries([link.index for link in repository.sales_of(self._graph, lots, after, limit)])

    def coded(self, lots: Sequence[str]) -> list[Entry]:
        """Return the records that gave these lots their code at the source."""
        return self.entries(repository.records_of(self._graph, lots, [Side.CODED], len(lots) + 1))

    def about(self, lots: Sequence[str]) -> list[Entry]:
        """Return documents, tests and decisions that name these lots, oldest first."""
        return self.entries(repository.records_of(self._graph, lots, [Side.ABOUT], _MOST_PAPERS))

    def balance(self, lot: str) -> Balance:
        """Return what came into a lot and left it."""
        return repository.balance(self._graph, lot)

    def session_of(self, entry: Entry) -> Entry | None:
        """Return the seller's last card-in or card-out on the device before a record."""
        index = repository.session_before(self._graph, entry.device, entry.seq)
        return None if index is None else self.entry(index)

    def entry(self, index: int) -> Entry:
        """Return the record at a place of the ledger that the graph named."""
        return self.entries([index])[0]

    def entries(self, indexes: Sequence[int]) -> list[Entry]:
        """Return the records at these places, in ledger order."""
        return [open_row(row) for row in ledger.at_indexes(self._ledger, indexes)]

    def at_seq(self, device: str, seq: int) -> Entry | None:
        """Return a device's record by number."""
        row = ledger.at_seq(self._ledger, device, seq)
        return None if row is None else open_row(row)

    def flags_of(self, entry: Entry) -> dict[str, str]:
        """Return the notes that ingest made on a record: code and detail."""
        return dict(ledger.flags_of(self._ledger, entry.index))

    def has_fork(self, entry: Entry) -> bool:
        """Tell whether another record with the same number was ever received."""
        return ledger.has_fork(self._ledger, entry.device, entry.seq)

    def is_signed(self, entry: Entry) -> bool:
        """Verify the device's signature again, here and now, over the bytes in the ledger."""
        holder = self.roll.find(entry.kid)
        if holder is None:
            return False
        try:
            cose.open(entry.sealed, cose.RECORD, holder.key)
        except Rejected:
            return False
        return True

    def log_size(self) -> int:
        """Return how many records the log has."""
        return Log(self._ledger).size()

    def is_logged(self, entry: Entry, size: int) -> bool:
        """Prove again, here and now, that the bytes in the ledger are the leaf under the log's root at ``size``."""
        log = Log(self._ledger)
        leaf, index = merkle.leaf_hash(entry.sealed), entry.index - 1
        try:
            merkle.check_inclusion(leaf, index, size, log.inclusion(index, size), log.root(size))
        except Rejected:
            return False
        return True

    def credential(self, device: str) -> Credential | None:
        """Return what the registry says of a device now."""
        return self.roll.current(device)

    def division_of(self, device: str) -> str | None:
        """Return the county to which a device's codes belong, six digits; None for one without codes."""
        credential = self.credential(device)
        return credential.code_base[:6] if credential is not None and credential.code_base else None

    def stall_of(self, device: str) -> tuple[str | None, str | None]:
        """Return (stall, seller) of a device: public names, nothing personal."""
        credential = self.credential(device)
        return (None, None) if credential is None else (credential.stall, credential.seller)

    def slip_code(self, sale: Entry) -> str | None:
        """Return the code on the slip of a sale (spec 4.5); None for a device that the registry no longer has."""
        credential = self.credential(sale.device)
        if credential is None or credential.code_base is None:
            return None
        return code_of(credential.code_base, sale.record.totals[0])
