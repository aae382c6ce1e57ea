"""HX711: a 24-bit converter for a strain-gauge bridge, the load cell of development boards.

A type-approved weighing module on a UART takes this place in a scale for trade; above this method nothing changes.
Strap RATE high for 80 samples a second: four conversions are added up into each of the 20 that the core expects.
"""

import asyncio

import pins
from machine import Pin, disable_irq, enable_irq
from micropython import const

_GAIN_128_PULSES = const(25)  # 24 data bits and one more: channel A, gain 128 (HX711 data sheet, "Serial interface")
_CONVERSIONS = const(4)
_POLL_MS = const(2)


class LoadCell:
    """Raw counts, averaged over one period; not calibrated. It knows no motion: the weighing core finds it out."""

    is_steady = True

    def __init__(self) -> None:
        self._data = Pin(pins.LOAD_CELL_DATA, Pin.IN)
        self._clock = Pin(pins.LOAD_CELL_CLOCK, Pin.OUT, value=0)

    async def next_counts(self) -> int:
        """Wait for the next sample, about 20 a second, and return it."""
        total = 0
        for _ in range(_CONVERSIONS):
            while self._data.value():  # high until a conversion is ready
                await asyncio.sleep_ms(_POLL_MS)
            total += self._shift_in()
        return total // _CONVERSIONS

    def _shift_in(self) -> int:
        value = 0
        for _ in range(_GAIN_128_PULSES):
            # A clock that stays high for 60 us powers the converter down: nothing may interrupt a pulse.
            state = disable_irq()
            self._clock.value(1)
            self._clock.value(0)
            enable_irq(state)
            value = value << 1 | self._data.value()
        value >>= 1  # the last pulse selects the gain and carries no data
        return value - 0x1000000 if value & 0x800000 else value
