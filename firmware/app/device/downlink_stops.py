"""Who may not sell, and which cards are lost, as the newest statement from the cloud says (spec 14.8).

A list names everybody each time, so a seller who is missing may sell again, and a card that was found is good again.
It is kept as it came: two byte strings, because 200 codes as rows of text would be a seventh of a scale's heap.
"""

from tracewire import feed
from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.downlink import Downlink
    from device.history import History

_SELLERS, _CARDS = 0, 1


class Stops:
    """Answers before a card counts and before a sale; hears stop lists from ``downlink``.

    ``on_change()`` when other sellers or cards are stopped than before; the list is on record then.
    """

    def __init__(self, downlink: "Downlink", history: "History") -> None:
        self._shelf = downlink.shelf
        self._history = history
        self.on_change = _nothing
        downlink.on(feed.STOPS, self._adopt)

    def require_card(self, number: bytes) -> None:
        """Raise Rejected "card.lost" for the number of a card that was reported lost."""
        if self._is_listed(_CARDS, feed.card_name(number)):
            raise Rejected("card.lost")

    def require_seller(self, seller: str) -> None:
        """Raise Rejected "card.suspended" for the code of a seller who may not trade."""
        if self._is_listed(_SELLERS, feed.seller_name(seller)):
            raise Rejected("card.suspended")

    def _is_listed(self, column: int, name: bytes) -> bool:
        return any([feed.is_named(name, row[column]) for row in self._shelf.body(feed.STOPS)])

    def _adopt(self, statement: "feed.Statement") -> None:
        ((sellers, cards),) = statement.body
        if [[sellers, cards]] == self._shelf.body(feed.STOPS):
            return  # sealed anew before it ran out
        counts = (statement.serial, len(sellers) // feed.SELLER_BYTES, len(cards) // feed.CARD_BYTES)
        self._history.audit("stops_changed", "feed %d: %d sellers, %d cards" % counts)
        self.on_change()


def _nothing() -> None:
    pass
