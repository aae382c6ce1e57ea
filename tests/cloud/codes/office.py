"""A county that hands labels out, for tests, and a console that says what became of them."""

from dataclasses import dataclass

from tracewire import record

from cloud.codes import labels, ranges, reconcile
from cloud.codes.ranges import Application, Person, Stand
from cloud.codes.reckoning import Reckoning
from simulators.node import Node
from tests.cloud.conftest import CloudUnderTest

COUNTY, LOT, OTHER_LOT = "350821", "35020000100010000001", "35020000100010000002"


@dataclass
class Office:
    """A county that hands labels out, and a console that says what became of them."""

    cloud: CloudUnderTest
    console: Node

    def range(self, wanted: int = 1_000) -> Stand:
        store = self.cloud.cloud.stores.ledger
        stand = ranges.apply(store, Application("河田合作社", COUNTY, "26", wanted), Person("zhang", 1))
        ranges.review(store, stand.id, Person("li", 2), approve=True)
        return ranges.allot(store, stand.id)

    def issue(self, stand: Stand, count: int, device: str = "farm-0001") -> None:
        ranges.issue(self.cloud.cloud.stores.ledger, stand.id, count, device, Person("li", 3))

    def say(self, first: int, last: int, entered_ms: int = 1, **what: str) -> bytes:
        """Seal a stretch; on ``LOT`` unless something else is said."""
        numbers = labels.Numbers(COUNTY, "26", first, last)
        fields = labels.fields_of(numbers, entered_ms=entered_ms, **(what or {"lot": LOT}))
        return self.console.seal(record.LABELLING, {**fields, "account": bytes(32)})

    def deliver(self, *sealed: bytes) -> None:
        answer = self.cloud.deliver(self.cloud.market.envelope(*sealed, by=self.console))
        assert not answer.refused
        self.cloud.catch_up()

    def reckoning(self, stand: Stand) -> Reckoning:
        stores = self.cloud.cloud.stores
        with stores.ledger.reader.connect() as ledger, stores.projections.reader.connect() as derived:
            found = reconcile.of_range(ledger, derived, stand)
        assert found is not None
        return found

    def label(self, number: int) -> reconcile.Label | None:
        stores = self.cloud.cloud.stores
        with stores.ledger.reader.connect() as ledger, stores.projections.reader.connect() as derived:
            return reconcile.of_label(ledger, derived, labels.code_of(COUNTY, "26", number))
