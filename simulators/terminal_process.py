"""A virtual wholesale terminal: the shipped firmware in a real MicroPython process, and the hands of a night's trade.

terminal = TerminalProcess(firmware_image.build(packages=TERMINAL), flash)
await terminal.start()
await terminal.present_card(seller)         # a `Card`: a virtual chip with keys and memory
await terminal.wait_for_answer("批发七号")
await terminal.take_card()
await terminal.present_card(buyer)
await terminal.put_load(12_500)
await terminal.press("set")
vouchers = [await terminal.next_slip(), await terminal.next_slip()]
"""

from pathlib import Path
from typing import Any

from simulators.scale_process import WAIT_TIMEOUT_S, Cell, ScaleProcess

PROGRAM = "terminal.main"
HEAP = "320K"
"""The 192 KiB of a counter scale, and 128 for names and chips: frozen code has its names in flash, and the chips on the
reader, with their memory as text for the panel, are the virtual board's alone."""

PLATFORM_CELL = Cell(counts_at_zero=84_000, counts_per_kg=40_000, noise_counts=120, drift_counts=400, seed=7)
"""Max 150 kg: noise of 3 g, drift of 10 g."""


class Card:
    """A card in somebody's hand: the memory of a chip, as `simulators/board/chips/memory.py` writes it."""

    def __init__(self, memory: dict[str, Any]) -> None:
        """Take what the chip keeps without a field."""
        self.memory = memory


class TerminalProcess(ScaleProcess):
    """One terminal. A card that lies on its reader learns what the terminal writes, as it happens.

    `answers` are the messages that it sounded its beeper for, oldest first: one for each key and each card.
    """

    def __init__(
        self, image: Path, flash: Path, *, cell: Cell = PLATFORM_CELL, clock_offset_ms: int = 0, heap: str = HEAP
    ) -> None:
        """Prepare a terminal that runs the compiled `image` on the enrolled `flash`; `start` switches it on."""
        super().__init__(image, flash, cell=cell, clock_offset_ms=clock_offset_ms, heap=heap, program=PROGRAM)
        self.answers: list[str] = []
        self._answers_heard = 0
        self._on_reader: Card | None = None
        self._is_empty = True

    async def present_card(self, card: "Card | bytes") -> None:
        """Hold a card against the reader; another one is taken away first."""
        if not isinstance(card, Card):
            raise TypeError("a terminal reads chips, not bytes")
        await self.take_card()
        self._on_reader = card
        await self._send("chip", card.memory)

    async def take_card(self) -> None:
        """Take the card away, and wait until the terminal has noticed."""
        if self._on_reader is not None:
            self._on_reader = None
            self._is_empty = False
            await self._send("chip", None)
            await self.wait_until(lambda: self._is_empty)

    async def pull_card_after(self, frames: int, moment: str = "torn") -> None:
        """Let the next card be pulled out during its `frames`-th frame: "lost", "torn" or "kept" (`chips/pn532.py`)."""
        await self._send("pull", [frames, moment])

    async def wait_for_answer(self, text: str, timeout_s: float = WAIT_TIMEOUT_S) -> None:
        """Wait for the next answer with `text` in it that nobody has waited for yet, and pass over others before it."""

        def heard() -> list[int]:
            return [number for number, one in enumerate(self.answers) if number >= self._answers_heard and text in one]

        await self.wait_until(lambda: bool(heard()), timeout_s)
        self._answers_heard = heard()[0] + 1

    async def _notice(self, message: dict[str, Any]) -> None:
        if "chip" in message:
            self._is_empty = message["chip"] is None
            if self._on_reader is not None and not self._is_empty:
                self._on_reader.memory = message["chip"]
        if "beep" in message:
            self.answers.append(self.screen[2] if len(self.screen) > 2 else "")
        await super()._notice(message)
