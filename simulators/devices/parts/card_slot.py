"""A card reader and the cards that lie beside it: one at a time is on the reader, and a card is in one place only."""

import asyncio
from collections.abc import Callable

from tracewire.errors import Rejected

from simulators.devices.cards import Card
from simulators.devices.face import Face
from simulators.devices.parts.part import Part, reach
from simulators.devices.shelf import Shelf
from simulators.scale_process import ScaleProcess
from simulators.terminal_process import TerminalProcess


class CardSlot(Part):
    """``{"card": "lot"}`` lays a card on the reader, ``{"card": null}`` takes it away."""

    name = "card"

    def __init__(self, face: Face, board: ScaleProcess, shelf: Shelf) -> None:
        super().__init__()
        self._cards = face.cards
        self._board = board
        self._shelf = shelf
        self._held: Card | None = None
        self.hands = {"card": self._hold}

    def things(self) -> object:
        """Return the cards that lie there; their contents stay here."""
        return [{"name": card.name, "label": card.label, "style": card.style} for card in self._cards]

    def state(self) -> object:
        """Return which card is on the reader, which lie on another one, and what each says."""
        return {
            "held": self._held.name if self._held else None,
            "away": [card.name for card in self._cards if card.lift and card is not self._held],
            "says": {card.name: card.says() for card in self._cards},
        }

    async def find_again(self) -> None:
        """Let the board read the card that lies there."""
        if self._held is not None:
            await self._present(self._held)

    async def _present(self, card: Card) -> None:
        await self._board.present_card(card.contents)

    async def _hold(self, name: object) -> None:
        card = next((card for card in self._cards if card.name == name), None)
        if name is not None and card is None:
            raise Rejected("hand.card", repr(name)[:80])
        await self._lift()
        if card is not None:
            if card.lift is not None:  # it lies on another reader
                await card.lift()
            self._held, card.lift = card, self._lift
            await reach(self._present(card))
        self._shelf.changed()

    async def _lift(self) -> None:
        """Take away what lies there, if anything does."""
        if self._held is not None:
            self._held.lift, self._held = None, None
            await reach(self._board.take_card())


class ChipSlot(CardSlot):
    """The reader of a terminal: it meets the chip itself, and what it writes is read back from there."""

    def __init__(self, face: Face, board: TerminalProcess, shelf: Shelf, look: Callable[[Card], None]) -> None:
        super().__init__(face, board, shelf)
        self._terminal = board
        self._look = look
        self._seen: dict[str, object] = {}

    async def notice(self) -> None:
        """See what the terminal has written on the card."""
        card = self._held
        if card is None or card.chip is None or card.chip.memory == self._seen:
            return
        self._seen = card.chip.memory
        await asyncio.to_thread(self._look, card)
        self._shelf.changed()

    async def _present(self, card: Card) -> None:
        assert card.chip is not None, card.name
        self._seen = card.chip.memory
        await self._terminal.present_card(card.chip)
