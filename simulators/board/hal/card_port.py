"""Serial line of the virtual board's PN532: panel message ``chip``, the memory of a card, or null when it is taken
away.

The board answers ``chip`` with the memory whenever the card keeps something new, and with null once it has noticed that
the card is away. ``pull``, a number of frames and a
moment of ``chips.pn532``, pulls the card out during the frame that comes then.
"""

import asyncio

from chips import memory
from chips.pn532 import VirtualPn532
from hal import entropy
from hal.panel import plug


class CardPort:
    """Bytes to and from the reader chip."""

    def __init__(self) -> None:
        self._panel = plug()
        self._chip = VirtualPn532()
        self._card = None
        self._told = None
        self._tasks = [asyncio.create_task(self._place()), asyncio.create_task(self._pull())]

    async def read(self, count: int) -> bytes:
        """Wait for exactly ``count`` bytes."""
        return await self._chip.read(count)

    async def write(self, octets: bytes) -> None:
        """Send ``octets``; what a card kept of them is told to the panel at once, as a card keeps it at once."""
        await self._chip.write(octets)
        if self._card is not None:
            kept = memory.of(self._card)
            if kept != self._told:
                self._told = kept
                self._panel.send("chip", kept)
        elif self._told is not None and self._chip.has_missed:
            self._told = None
            self._panel.send("chip", None)

    async def _place(self) -> None:
        inbox = self._panel.inbox("chip")
        while True:
            shown = await inbox.get()
            self._card = memory.card(shown, entropy.read) if shown else None
            if self._card:
                self._told = shown
                self._chip.place(self._card)
            else:
                self._chip.remove()

    async def _pull(self) -> None:
        inbox = self._panel.inbox("pull")
        while True:
            frames, moment = await inbox.get()
            self._chip.pull_after(frames, moment)
