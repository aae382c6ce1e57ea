"""Which lots may not be sold, and how much of a lot is left, as the newest statements from the cloud say.

A freeze names every frozen lot each time, so one that is missing is free again. Stock is a hint with a date: what was
sold since the statement is counted here until the next one, and forgotten with the power.
"""

from tracewire import feed
from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.downlink import Downlink
    from device.history import History

_DETAIL_BYTES = 120  # of an audit record


class Lots:
    """Answers before a sale; hears freezes and stock from ``downlink``."""

    def __init__(self, downlink: "Downlink", history: "History", on_freeze: "Callable[[], None]") -> None:
        self._shelf = downlink.shelf
        self._history = history
        self._on_freeze = on_freeze
        self._sold = {}
        downlink.on(feed.FREEZE, self._freeze)
        downlink.on(feed.STOCK, self._count)

    def require_sellable(self, lot: str, grams: int) -> None:
        """Raise Rejected "lot.frozen", or "lot.overdrawn" with what is left as its detail."""
        if [lot] in self._shelf.body(feed.FREEZE):
            raise Rejected("lot.frozen", lot)
        left = self.left_grams(lot)
        if left is not None and grams > left:
            raise Rejected("lot.overdrawn", "%d g" % left)

    def left_grams(self, lot: str) -> "int | None":
        """Return how much of ``lot`` is left, None when nobody has said."""
        for name, grams in self._shelf.body(feed.STOCK):
            if name == lot:
                return max(0, grams - self._sold.get(lot, 0))
        return None

    def sold(self, lot: str, grams: int) -> None:
        """Count what went."""
        if self._shelf.body(feed.STOCK):
            self._sold[lot] = self._sold.get(lot, 0) + grams

    def _freeze(self, statement: "feed.Statement") -> None:
        if [list(row) for row in statement.body] == self._shelf.body(feed.FREEZE):
            return  # sealed anew before it ran out
        names = " ".join([lot for (lot,) in statement.body])
        self._history.audit("lots_frozen", ("feed %d: %s" % (statement.serial, names or "none"))[:_DETAIL_BYTES])
        self._on_freeze()

    def _count(self, _statement: "feed.Statement") -> None:
        self._sold.clear()
