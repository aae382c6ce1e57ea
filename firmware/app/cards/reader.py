"""Cards as they are presented and taken away: the one interface of this package to a program.

reader = Reader(Pn532(CardPort()), keyring.load(root), Counters(root), entropy.read)
card = await reader.next_card()            # Card, or None when it is taken away
said = await card.read()
await card.write(said.contents.draw(lot, grams))
"""

import asyncio

from tracewire.errors import Rejected, Unavailable

from cards import iso14443
from cards.card import Card
from cards.mifare_classic import MifareClassic
from cards.ntag424 import Ntag424

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cards.counters import Counters
    from cards.iso14443 import Target
    from cards.keyring import Keyring
    from cards.pn532 import Pn532

POLL_S = 0.15  # between two looks: short against a hand's movement, long against the 30 ms that a look takes

_NOBODY, _USELESS, _LOST = None, b"", b"?"


class Reader:
    """The reader chip with this device's keys and memory of cards; ``draw(n)`` returns random bytes."""

    def __init__(
        self,
        chip: "Pn532",
        keyring: "Keyring",
        counters: "Counters",
        draw: "Callable[[int], bytes]",
        poll_s: float = POLL_S,
    ) -> None:
        self._chip = chip
        self._keyring = keyring
        self._counters = counters
        self._draw = draw
        self._poll_s = poll_s
        self._present = _NOBODY
        self._losses = 0
        self._is_started = self._is_silent = False

    async def next_card(self) -> "Card | None":
        """Wait until a card is presented or taken away (None); once for each.

        A card that was lost in the middle ("card.gone") and lies there still is presented again. Rejected
        "card.foreign", once, for a card of no use here. Unavailable "reader.…", once, when the chip does not answer;
        called again, this wakes it anew until it does.
        """
        while True:
            if self._chip.losses != self._losses:
                self._losses, self._present = self._chip.losses, _LOST
            try:
                target = await self._look()
                present = target.uid if target else _NOBODY
                self._is_silent = False
            except Unavailable:
                if not self._is_silent:
                    self._is_silent = True
                    raise
                await asyncio.sleep(self._poll_s)
                continue
            except Rejected:
                if self._present != _USELESS:
                    self._present = _USELESS
                    raise
                present = _USELESS
            if present != self._present:
                self._present = present
                return self._card(target) if present else None
            await asyncio.sleep(self._poll_s)

    def present_again(self) -> None:
        """Let the next ``next_card`` present a card that lies on the reader already: there is something to write."""
        self._present = _LOST

    async def _look(self) -> "Target | None":
        try:
            if not self._is_started:
                await self._chip.start()
                self._is_started = True
            await self._chip.release()
            return await self._chip.find()
        except Unavailable:
            self._is_started = False
            raise

    def _card(self, target: "Target") -> Card:
        if target.kind == iso14443.MIFARE_CLASSIC:
            medium = MifareClassic(self._chip, target.uid, self._keyring)
        else:
            medium = Ntag424(self._chip, target.uid, self._keyring, self._draw)
        return Card(target.uid, target.kind, medium, self._keyring, self._counters)
