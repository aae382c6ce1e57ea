"""The card reader and the cards that lie beside it: one at a time is on the reader."""

from tracewire.errors import Rejected

from simulators.devices.face import Card, Face
from simulators.devices.parts.part import Part, reach
from simulators.scale_process import ScaleProcess


class CardSlot(Part):
    """``{"card": "seller"}`` lays a card on the reader, ``{"card": null}`` takes it away."""

    name = "card"

    def __init__(self, face: Face, board: ScaleProcess) -> None:
        super().__init__()
        self._cards = face.cards
        self._board = board
        self._held: Card | None = None
        self.hands = {"card": self._hold}

    def things(self) -> object:
        """Return the cards that lie there; their contents stay here."""
        return [{"name": card.name, "label": card.label, "style": card.style} for card in self._cards]

    def state(self) -> object:
        """Return the name of the card on the reader."""
        return self._held.name if self._held else None

    async def find_again(self) -> None:
        """Let the board read the card that lies there."""
        if self._held is not None:
            await self._board.present_card(self._held.contents)

    async def _hold(self, name: object) -> None:
        card = next((card for card in self._cards if card.name == name), None)
        if name is not None and card is None:
            raise Rejected("hand.card", repr(name)[:80])
        if self._held is not None:  # one card at a time: the other is taken away first
            await reach(self._board.take_card())
        self._held = card
        if card is not None:
            await reach(self._board.present_card(card.contents))
