"""A lot comes to the line: its card is read, its certificates become records once, and the screen says which lot hangs.

The card is kept before its certificates are recorded, and what is recorded is marked after: a power cut in between is
mended at boot, where the newest record of the journal tells which of the two it was.
"""

from tracewire import record
from tracewire.errors import Rejected

from rail.lots import Lot
from rail.screens import LOT_SET, NO_LOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.history import History
    from device.publisher import Publisher
    from tracewire.record import Record

    from rail.lots import Lots
    from rail.screens import RailScreen


class LotDesk:
    """The lot on the line, in the journal, on flash and on the screen."""

    def __init__(self, lots: "Lots", screen: "RailScreen", history: "History", publisher: "Publisher") -> None:
        self._lots = lots
        self._screen = screen
        self._history = history
        self._publisher = publisher
        self._show()

    def require(self) -> Lot:
        """Return the lot that is being slaughtered, its certificates recorded; Rejected "lot.none" when there is none.

        Raises Unavailable "journal.full" when its certificates have no room.
        """
        if self._lots.current is None:
            raise Rejected("lot.none")
        self._bind()
        return self._lots.current

    def present(self, card: bytes) -> None:
        """Bring the lot of a card to the line; a card with more certificates than before adds those."""
        self._lots.put(Lot(card))
        # A crash from here on: the lot is on the line, and its certificates are recorded with its first carcass.
        self._show()
        self._bind()
        self._screen.say(LOT_SET + self._lots.current.origin)

    def choose(self, place: int) -> None:
        """Bring the lot at one of the eight keys to the line."""
        self._lots.choose(place)
        self._show()
        self._screen.say(LOT_SET + self._lots.current.origin)

    def clear(self) -> None:
        """Take the lot off the line."""
        self._lots.clear()
        self._show()

    def _bind(self) -> None:
        certificates = self._lots.unbound()
        if certificates:
            code = self._lots.current.code
            self._history.write([certificate.record(code) for certificate in certificates])
            # A crash from here on: recorded and not marked; ``recover`` marks them at boot.
            self._lots.mark_bound()
            self._publisher.wake()

    def _show(self) -> None:
        lot = self._lots.current
        self._screen.bottom("%d号批次 %s" % (self._lots.place, lot.origin) if lot else NO_LOT)


def recover(lots: "Lots", newest: "Record") -> None:
    """Mark certificates that were recorded just before a power cut; at boot, before anything else is recorded."""
    unbound = lots.unbound()
    if not unbound or newest.kind != record.DOCUMENT:
        return
    # They are written in one commit, so the newest record is the last of them.
    if (newest.body["lot"], newest.body["number"]) == (lots.current.code, unbound[-1].number):
        lots.mark_bound()
