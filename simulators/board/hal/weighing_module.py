"""A virtual weighing module: the virtual load cell, weighed in grams and spoken in frames of continuous output.

Panel message ``module``: "ok", "silent" (the wire is cut) or "noise" (every frame is damaged).
"""

import asyncio

from scale import module_frames

from hal.load_cell import LoadCell
from hal.panel import plug

_STILL_GRAMS = 0.5


class _SpeakingCell(LoadCell):
    """The load cell inside of the module, with the calibration that its seal protects."""

    def _speak(self, counts: int) -> bytes:
        cell = self._cell
        grams = round((counts - cell["counts_at_zero"]) * 1000 / cell["counts_per_kg"])
        swing_grams = abs(self._load_grams - self._position_grams)
        return module_frames.encode(grams * 1000, is_steady=swing_grams < _STILL_GRAMS)


class WeighingModule:
    """Speaks about 20 frames a second."""

    def __init__(self) -> None:
        self._cell = _SpeakingCell()
        self._state = "ok"
        plug().on("module", self._set)

    async def next_bytes(self, timeout_ms: int) -> bytes:
        """Wait for the next bytes; empty when none came within ``timeout_ms``."""
        if self._state == "silent":
            await asyncio.sleep_ms(timeout_ms)
            return b""
        counts = await self._cell.next_counts()
        frame = self._cell._speak(counts)
        return frame if self._state == "ok" else frame[:7] + b"\x02" + frame[8:]

    def _set(self, state: str) -> None:
        self._state = state
