"""Key matrix of 4 rows and 5 columns, scanned; a fixed table and no sequences, so no hidden function can hide in it."""

import asyncio

import pins
from machine import Pin

_SCAN_MS = 10
_STABLE_SCANS = 2  # 20 ms: membrane keys bounce for less than 10

KEYS = (
    ("plu1", "plu2", "plu3", "plu4", "zero"),
    ("plu5", "plu6", "plu7", "plu8", "tare"),
    ("digit1", "digit2", "digit3", "digit4", "digit5"),
    ("digit6", "digit7", "digit8", "digit9", "digit0"),
)
CLEAR = ("zero", "tare")
"""Pressed together: ``clear``; the matrix has no 21st key."""

SET = ("digit5", "digit0")
"""Pressed together: ``set``, before and after what is keyed in."""


class Keypad:
    """One event for each press; holding a key does not repeat it. ``keys`` is the layout, rows of names."""

    def __init__(self, keys: "tuple[tuple[str, ...], ...]" = KEYS) -> None:
        self._keys = keys
        self._rows = [Pin(number, Pin.OPEN_DRAIN, value=1) for number in pins.KEY_ROWS]
        self._columns = [Pin(number, Pin.IN, Pin.PULL_UP) for number in pins.KEY_COLUMNS]
        self._reported = ()

    async def next_key(self) -> str:
        """Wait for a press and return the key's name."""
        while True:
            pressed = await self._steady()
            if pressed == self._reported:
                continue
            fresh = [key for key in pressed if key not in self._reported]
            self._reported = pressed
            if pressed == CLEAR:
                return "clear"
            if pressed == SET:
                return "set"
            if fresh:
                return fresh[0]

    async def _steady(self) -> "tuple[str, ...]":
        """Return the keys that are down, once several scans agree."""
        last, agreeing = self._scan(), 1
        while agreeing < _STABLE_SCANS:
            await asyncio.sleep_ms(_SCAN_MS)
            now = self._scan()
            agreeing = agreeing + 1 if now == last else 1
            last = now
        return last

    def _scan(self) -> "tuple[str, ...]":
        down = []
        for row, names in zip(self._rows, self._keys):
            row.value(0)
            down.extend([name for column, name in zip(self._columns, names) if not column.value()])
            row.value(1)
        return tuple(down)
