"""What the cloud changes at this scale: its price list, and which lots may be sold.

A price list waits until the pan is empty: a price never changes while a load is indicated (R 76-1, 4.14.2). Each price
that changes is on record, as if it had been keyed, before it is in force.
"""

from device.downlink_lots import Lots
from tracewire import feed
from tracewire.errors import Rejected, Unavailable

from scale.screens import NEW_FREEZE, NEW_PRICES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.downlink import Downlink
    from device.history import History

    from scale.plu import PriceList
    from scale.screens import Screen
    from scale.weighing import Weigher

CHANGES_AT_ONCE = 2  # in the 120 bytes of one audit record


class DownlinkDesk:
    """Hears price lists and freezes from ``downlink``; ``lots`` answers before a sale."""

    def __init__(
        self, downlink: "Downlink", prices: "PriceList", weigher: "Weigher", screen: "Screen", history: "History"
    ) -> None:
        self._prices = prices
        self._weigher = weigher
        self._screen = screen
        self._history = history
        self.lots = Lots(downlink, history, self._show_freeze)
        downlink.on(feed.PRICES, self._adopt)

    def _adopt(self, statement: "feed.Statement") -> None:
        try:
            self._weigher.require_empty()
        except Rejected as refusal:
            raise Unavailable(refusal.code)
        changes = self._prices.changes(statement.body)
        self._prices.stage_list(statement.body)
        for start in range(0, len(changes), CHANGES_AT_ONCE):
            told = ", ".join(["PLU %d: %d to %d" % change for change in changes[start : start + CHANGES_AT_ONCE]])
            self._history.audit("parameter_changed", "price list %d, fen/kg: %s" % (statement.serial, told))
        # Recorded. A crash here: the scale sells at the old prices until the list is repeated, and recorded again.
        self._prices.adopt_list(statement.body)
        self._screen.say(NEW_PRICES)

    def _show_freeze(self) -> None:
        self._screen.say(NEW_FREEZE)
