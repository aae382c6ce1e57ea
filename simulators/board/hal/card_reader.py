"""Card reader of the virtual board: panel message ``card``, contents in hex, or null when the card is taken away."""

import binascii

from hal.panel import plug


class CardReader:
    """One card at a time."""

    def __init__(self) -> None:
        self._cards = plug().inbox("card")

    async def next_card(self) -> "bytes | None":
        """Wait until a card is presented (its contents) or taken away (None)."""
        card = await self._cards.get()
        return None if card is None else binascii.unhexlify(card)
