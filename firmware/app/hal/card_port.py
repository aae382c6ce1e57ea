"""Serial line of a PN532 card reader, whose protocol ``cards.pn532`` speaks. Instead of ``card_reader``, same pins.

Switch the reader board to HSU (serial). Not tried on a board yet.
"""

import asyncio

import pins
from machine import UART

BAUD = 115200  # the PN532's own after power-on, UM0701-02 §4.3


class CardPort:
    """Bytes to and from the reader chip."""

    def __init__(self) -> None:
        number, tx, rx = pins.CARD_UART
        self._stream = asyncio.StreamReader(UART(number, BAUD, tx=tx, rx=rx, rxbuf=512))

    async def read(self, count: int) -> bytes:
        """Wait for exactly ``count`` bytes."""
        return await self._stream.readexactly(count)

    async def write(self, octets: bytes) -> None:
        """Send ``octets``."""
        self._stream.write(octets)
        await self._stream.drain()
