"""Small lights beside the display, one pin each."""

import pins
from machine import Pin


class Lamps:
    """The lamps "zero" "stable" "net" "link" "pending" "alarm"."""

    def __init__(self) -> None:
        self._pins = {name: Pin(number, Pin.OUT, value=0) for name, number in pins.LAMPS.items()}

    def show(self, lit: "list[str]") -> None:
        """Light exactly the lamps named in ``lit``."""
        for name, pin in self._pins.items():
            pin.value(name in lit)
