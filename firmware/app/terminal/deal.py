"""One wholesale deal before it is signed: who sells, who buys, which lot of the seller's card, how much of it.

Pure. How much is what lies on the scale, or a whole lot, or one of n equal shares of it: a share is reckoned from what
the card has left, so the only number that a person keys in is how many shares there are, and never a weight.
"""

from tracewire import record
from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cards.card import Card, Reading
    from cards.contents import Contents

MOST_SHARES = 99

_TRANSFER = 1  # position in ``vocabulary.MOVEMENTS``


class Party:
    """A card that takes part: ``uid``, what it ``contents`` and ``generation`` were, whether it ``holds_stock``."""

    def __init__(self, card: "Card", said: "Reading") -> None:
        self.uid = card.uid
        self.contents = said.contents
        self.generation = said.generation
        self.code = said.contents.seller
        self.holds_stock = said.contents.grams is not None
        self._check_room = card.check_room

    def after_receipt(self, plu: int, lot: str, grams: int) -> "Contents":
        """Return what the card says once it has the lot; Rejected "card.full" when it has no room for it."""
        what = self.contents.receive(plu, lot, grams)
        self._check_room(what)
        return what


class Deal:
    """``seller`` and ``buyer`` are parties or None; ``place`` is the row of the lot on the seller's card."""

    def __init__(self) -> None:
        self.seller = None
        self.buyer = None
        self.place = None
        self.shares = 0  # 0: by weight

    def take(self, party: Party) -> None:
        """Take the next card: the first one sells, the second one buys; either again changes nothing but itself.

        Raises Rejected "deal.same_party" (two cards of one holder), "deal.parties" (a third card).
        """
        if self.seller is None:
            self.seller = party
            self.place = 0 if len(party.contents.lots) == 1 else None
        elif party.uid == self.seller.uid:
            self.seller = party
        elif party.code == self.seller.code:
            raise Rejected("deal.same_party")
        elif self.buyer is None or party.uid == self.buyer.uid:
            self.buyer = party
        else:
            raise Rejected("deal.parties")

    def choose(self, number: int) -> None:
        """Choose the ``number``-th lot of the seller's card, from 1; Rejected "deal.no_seller" or "deal.no_lot"."""
        if self.seller is None:
            raise Rejected("deal.no_seller")
        if not 0 < number <= len(self.seller.contents.lots):
            raise Rejected("deal.no_lot", str(number))
        self.place = number - 1

    def key_in(self, digit: int) -> None:
        """Add a digit to the number of shares; Rejected "deal.shares" beyond 99."""
        if self.shares * 10 + digit > MOST_SHARES:
            raise Rejected("deal.shares")
        self.shares = self.shares * 10 + digit

    @property
    def row(self) -> "tuple[int, str]":
        """(goods number, lot) that is sold; Rejected "deal.no_seller", "deal.no_lot" or "deal.choose"."""
        if self.seller is None:
            raise Rejected("deal.no_seller")
        if not self.seller.contents.lots:
            raise Rejected("deal.no_lot")
        if self.place is None:
            raise Rejected("deal.choose")
        return self.seller.contents.lots[self.place]

    @property
    def left_grams(self) -> "int | None":
        """What the seller's card has left of the lot; None when that card holds no stock."""
        _, lot = self.row
        return self.seller.contents.grams_left(lot) if self.seller.holds_stock else None

    def share_grams(self) -> int:
        """Return the mass of one share; Rejected "deal.no_stock" when the card does not know its stock."""
        left = self.left_grams
        if left is None:
            raise Rejected("deal.no_stock")
        return left // self.shares

    def check(self, grams: int) -> "Contents | None":
        """Return what the seller's card says once ``grams`` are drawn from it, None when it holds no stock.

        Rejected "deal.no_buyer", or "card.overdrawn" with what is left.
        """
        _, lot = self.row
        if self.buyer is None:
            raise Rejected("deal.no_buyer")
        return self.seller.contents.draw(lot, grams) if self.seller.holds_stock else None

    def movement(
        self, number: str, grams: int, goods: str, weighing_back: "int | None"
    ) -> "tuple[int, dict[str, object]]":
        """Return kind and body of its record; ``number`` is the buyer's new lot and the number of the voucher."""
        body = {
            "movement": _TRANSFER,
            "inputs": [(self.row[1], grams)],
            "outputs": [(number, grams)],
            "from_party": self.seller.code,
            "to_party": self.buyer.code,
            "voucher": number,
            "goods": goods,
        }
        if weighing_back is not None:
            body["weighing_back"] = weighing_back
        return record.MOVEMENT, body
