"""The switch behind the case: pressed while the case is closed, so that a cut wire is an open case."""

import asyncio

import pins
from machine import Pin

_POLL_MS = 20
_STABLE_POLLS = 3  # a blow on the counter bounces for less than 60 ms


class CaseSwitch:
    """Tells whether the case is open. The firmware looks 50 times a second; while the power is off nobody looks."""

    def __init__(self) -> None:
        self._pin = Pin(pins.CASE_SWITCH, Pin.IN, Pin.PULL_UP)
        self.is_open = bool(self._pin.value())

    async def next_change(self) -> None:
        """Wait until ``is_open`` has changed."""
        agreeing = 0
        while agreeing < _STABLE_POLLS:
            await asyncio.sleep_ms(_POLL_MS)
            agreeing = agreeing + 1 if bool(self._pin.value()) != self.is_open else 0
        self.is_open = not self.is_open
