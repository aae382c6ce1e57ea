"""Satellite receiver on a UART: NMEA 0183 as it comes, at the 9600 baud that receivers start with."""

import asyncio

import pins
from machine import UART

_CHUNK = 128  # bytes; about a sentence and a half, an eighth of a second of a busy receiver


class Gnss:
    """A stream of bytes; what they mean is not decided here."""

    def __init__(self) -> None:
        number, tx, rx = pins.GNSS_UART
        self._stream = asyncio.StreamReader(UART(number, 9600, tx=tx, rx=rx, rxbuf=1024))

    async def read(self) -> bytes:
        """Wait for the next bytes and return them, at least one."""
        return await self._stream.read(_CHUNK)
