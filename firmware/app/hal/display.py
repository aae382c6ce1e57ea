"""Display module with its own Chinese font, on I2C: text goes out as UTF-8, one register for each line.

Modules with a font chip differ in their commands; this one is the smallest common form (line number, text, zero).
"""

import pins
from machine import I2C, Pin

_ADDRESS = 0x3C
_FREQUENCY_HZ = 400000


class Display:
    """Text lines; only lines that changed are sent."""

    def __init__(self) -> None:
        bus, scl, sda = pins.DISPLAY_I2C
        self._bus = I2C(bus, scl=Pin(scl), sda=Pin(sda), freq=_FREQUENCY_HZ)
        self._shown = []

    def show(self, lines: "list[str]") -> None:
        """Replace the whole screen."""
        for number, line in enumerate(lines):
            if number >= len(self._shown) or self._shown[number] != line:
                self._bus.writeto(_ADDRESS, bytes((number,)) + line.encode() + b"\0")
        self._shown = list(lines)
