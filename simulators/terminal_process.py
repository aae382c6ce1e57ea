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

from simulators.chip_process import Card, ChipProcess
from simulators.scale_process import WAIT_TIMEOUT_S, Cell

__all__ = ("Card", "TerminalProcess")

PROGRAM = "terminal.main"
HEAP = "224K"
"""The 192 KiB of a scale, and 32 for the cards' code and its own (ADR 0017)."""

PLATFORM_CELL = Cell(counts_at_zero=84_000, counts_per_kg=40_000, noise_counts=120, drift_counts=400, seed=7)
"""Max 150 kg: noise of 3 g, drift of 10 g."""


class TerminalProcess(ChipProcess):
    """One terminal.

    `answers` are the messages that it sounded its beeper for, oldest first: one for each key and each card.
    """

    def __init__(
        self, image: Path, flash: Path, *, cell: Cell = PLATFORM_CELL, clock_offset_ms: int = 0, heap: str = HEAP
    ) -> None:
        """Prepare a terminal that runs the compiled `image` on the enrolled `flash`; `start` switches it on."""
        super().__init__(image, flash, cell=cell, clock_offset_ms=clock_offset_ms, heap=heap, program=PROGRAM)
        self.answers: list[str] = []
        self._answers_heard = 0

    async def wait_for_answer(self, text: str, timeout_s: float = WAIT_TIMEOUT_S) -> str:
        """Wait for the next answer with `text` in it that nobody has waited for yet; others before it are passed over.

        Returns the whole answer.
        """

        def heard() -> list[int]:
            return [number for number, one in enumerate(self.answers) if number >= self._answers_heard and text in one]

        await self.wait_until(lambda: bool(heard()), timeout_s)
        self._answers_heard = heard()[0] + 1
        return self.answers[self._answers_heard - 1]

    async def _notice(self, message: dict[str, Any]) -> None:
        if "beep" in message:
            self.answers.append(self.screen[2] if len(self.screen) > 2 else "")
        await super()._notice(message)
