"""A buyer's card at the exit: the lot's carcasses change hands with one tap, and the voucher comes out twice.

The movement makes a new lot of them, whose code is the number of the voucher: what the buyer sells later is traced to
it. Nothing leaves without both certificates (Xiamen norm art. 13.1: 检疫合格证明编号, 肉品品质检验合格证明编号),
and what was condemned never does.
"""

from scale import session
from tracewire import record
from tracewire.errors import Rejected

from rail import voucher
from rail.lots import PRODUCT_QUARANTINE, QUALITY
from rail.register import GONE, HANGING
from rail.screens import HANDED_OVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.config import Config
    from device.downlink_stops import Stops
    from device.history import History
    from device.paper import Paper
    from device.publisher import Publisher

    from rail.lot_desk import LotDesk
    from rail.lots import Lot
    from rail.register import Entry, Register
    from rail.screens import RailScreen

MOST_ON_A_VOUCHER = 32
"""Rows of one movement record; a larger lot leaves on several vouchers."""

_TRANSFER = 1  # position in ``vocabulary.MOVEMENTS``


class ExitDesk:
    """Hands carcasses over and prints their vouchers, or the ones that a printer without paper owes."""

    def __init__(
        self,
        settings: "Config",
        history: "History",
        publisher: "Publisher",
        register: "Register",
        lot_desk: "LotDesk",
        paper: "Paper",
        screen: "RailScreen",
        stops: "Stops",
    ) -> None:
        self._settings = settings
        self._history = history
        self._publisher = publisher
        self._register = register
        self._lot_desk = lot_desk
        self._paper = paper
        self._screen = screen
        self._stops = stops
        self._last = ()

    def hand_over(self, card: bytes) -> None:
        """Transfer what hangs of the lot on the line to the holder of ``card``.

        Raises Rejected "session.card", "card.suspended", "lot.none", "voucher.no_quarantine", "voucher.no_quality",
        "voucher.nothing".
        """
        buyer = session.decode_card(card).seller
        self._stops.require_seller(buyer)
        lot = self._lot_desk.require()
        if not lot.numbers(PRODUCT_QUARANTINE):
            raise Rejected("voucher.no_quarantine")
        if not lot.numbers(QUALITY):
            raise Rejected("voucher.no_quality")
        carcasses = self._register.find(HANGING, MOST_ON_A_VOUCHER, lot.number)
        if not carcasses:
            raise Rejected("voucher.nothing")
        self._paper.issue(self._vouchers(lot, buyer, carcasses))

    def reprint(self) -> None:
        """Print what is owed, or else the last voucher once more; Rejected "voucher.nothing" when there is none."""
        if self._paper.print_owed():
            return
        if not self._last:
            raise Rejected("voucher.nothing")
        self._paper.put(self._copies())

    def _vouchers(self, lot: "Lot", buyer: str, carcasses: "list[Entry]") -> "Iterator[bytes]":
        """Transfer one voucher after the other, and yield the copies of each; only one is held in memory."""
        while carcasses:
            self._transfer(lot, buyer, carcasses)
            yield from self._copies()
            carcasses = self._register.find(HANGING, MOST_ON_A_VOUCHER, lot.number)

    def _transfer(self, lot: "Lot", buyer: str, carcasses: "list[Entry]") -> None:
        number = record.code_of(self._settings.code_base, self._history.totals[0] + 1)
        grams = sum([entry.grams for entry in carcasses])
        body = {
            "movement": _TRANSFER,
            "inputs": [(record.code_of(self._settings.code_base, one.number), one.grams) for one in carcasses],
            "outputs": [(number, grams)],
            "to_party": buyer,
            "voucher": number,
            "goods": lot.product,
        }
        moved, _ = self._history.write([(record.MOVEMENT, body)])[0]
        # On flash. A crash from here on: handed over; the register is mended at boot, the voucher may lack.
        self._register.change(carcasses, GONE)
        self._publisher.wake()
        self._last = (lot, moved)
        self._screen.say(HANDED_OVER % (len(carcasses), number[-7:]))

    def _copies(self) -> "Iterator[bytes]":
        for copy in voucher.COPIES:
            yield voucher.compose(self._settings, *self._last, copy=copy)
