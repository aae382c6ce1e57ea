"""A virtual device with a PN532: the reader chip and the cards on it, at the other end of the board's serial line.

scale = ChipProcess(firmware_image.build(packages=SCALE_WITH_CARDS), flash)
await scale.start()
await scale.present_card(card)              # a `Card`, for example from `simulators.card_reader`
"""

import os
from pathlib import Path
from typing import Any

from chips import memory
from chips.pn532 import VirtualPn532
from tracewire.errors import Misuse

from simulators.scale_process import HEAP, PROGRAM, Cell, ScaleProcess


class Card:
    """A card in somebody's hand: the memory of a chip, as `simulators/board/chips/memory.py` writes it."""

    def __init__(self, memory: dict[str, Any]) -> None:
        """Take what the chip keeps without a field."""
        self.memory = memory


class ChipProcess(ScaleProcess):
    """A counter scale that proves cards itself, or with another `program` another device that does.

    A card on the reader keeps what is written on it as it is written, also when it is pulled out in the middle.
    """

    def __init__(
        self,
        image: Path,
        flash: Path,
        *,
        cell: Cell | None = None,
        clock_offset_ms: int = 0,
        heap: str = HEAP,
        program: str = PROGRAM,
    ) -> None:
        """Prepare a device that runs the compiled `image` on the enrolled `flash`; `start` switches it on."""
        super().__init__(image, flash, cell=cell, clock_offset_ms=clock_offset_ms, heap=heap, program=program)
        self._on_reader: Card | None = None
        self._reader_chip: Any = VirtualPn532()
        self._chip: Any = None
        self._is_failing = False

    async def start(self) -> None:
        """Switch on and wait until it is ready; the reader gets its power from the board."""
        self._reader_chip = VirtualPn532()
        self._on_reader = self._chip = None
        self._is_failing = False
        await super().start()

    async def present_card(self, card: Card | bytes) -> None:
        """Hold a card against the reader; another one is taken away first."""
        if not isinstance(card, Card):
            raise Misuse("card.bytes", "a device with a PN532 reads chips, not contents")
        await self.take_card()
        self._on_reader, self._chip = card, memory.card(card.memory, os.urandom)
        self._reader_chip.place(self._chip)

    async def take_card(self) -> None:
        """Take the card away, and wait until the device has noticed."""
        if self._on_reader is not None:
            self._on_reader = self._chip = None
            self._reader_chip.remove()
            await self.wait_until(lambda: bool(self._reader_chip.has_missed))

    async def pull_card_after(self, frames: int, moment: str = "torn") -> None:
        """Let the next card be pulled out during its `frames`-th frame: "lost", "torn" or "kept" (`chips/pn532.py`)."""
        self._reader_chip.pull_after(frames, moment)

    async def cut_power_under(self, card: Card, frames: int, moment: str = "torn") -> None:
        """Present a card and cut the power, and with it the reader's field, during the `frames`-th frame to it."""
        await self.take_card()
        await self.pull_card_after(frames, moment)
        self._is_failing = True
        await self.present_card(card)
        await self.wait_until(lambda: self._reader_chip.card is None)
        await self.kill()

    async def _notice(self, message: dict[str, Any]) -> None:
        if "reader" in message:
            await self._reader_chip.write(bytes.fromhex(message["reader"]))
            if self._on_reader is not None:
                self._on_reader.memory = memory.of(self._chip)
            if self._reader_chip.card is not None or not self._is_failing:
                await self._send("reader", self._reader_chip.answer().hex())
        await super()._notice(message)
