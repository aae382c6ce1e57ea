"""A beeper on one pin: three sounds that can be told apart over the noise of a line, by number and length."""

import asyncio

import pins
from machine import Pin

_GAP_MS = 80
_BEEPS_MS = {"done": (80,), "flagged": (80, 80), "refused": (600,)}


class Beeper:
    """Sounds one at a time; a new one replaces the old one."""

    def __init__(self) -> None:
        self._pin = Pin(pins.BEEPER, Pin.OUT, value=0)
        self._sounding = None

    def sound(self, name: str) -> None:
        """Begin the sound "done", "flagged" or "refused" and return at once."""
        if self._sounding is not None:
            self._sounding.cancel()
        self._sounding = asyncio.create_task(self._beep(_BEEPS_MS[name]))

    async def _beep(self, lengths_ms: "tuple[int, ...]") -> None:
        for length_ms in lengths_ms:
            self._pin.value(1)
            await asyncio.sleep_ms(length_ms)
            self._pin.value(0)
            await asyncio.sleep_ms(_GAP_MS)
