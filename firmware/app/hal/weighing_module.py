"""Sealed weighing module on a UART, 9600 baud, 7 data bits and even parity read as 8 bits without."""

import asyncio

import pins
from machine import UART

_BAUD = 9600
_LARGEST_READ = 64  # bytes; more than three frames at once means that nobody looked for a fifth of a second


class WeighingModule:
    """The bytes of a module that speaks unasked; ``scale.module_frames`` knows what they mean."""

    def __init__(self) -> None:
        number, tx, rx = pins.MODULE_UART
        self._stream = asyncio.StreamReader(UART(number, _BAUD, tx=tx, rx=rx))

    async def next_bytes(self, timeout_ms: int) -> bytes:
        """Wait for the next bytes; empty when none came within ``timeout_ms``."""
        try:
            return await asyncio.wait_for_ms(self._stream.read(_LARGEST_READ), timeout_ms)
        except asyncio.TimeoutError:
            return b""
