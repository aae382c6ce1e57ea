"""QR and RFID scanner engine on a UART: the text of each code, ended by a carriage return or line feed."""

import asyncio

import pins
from machine import UART

LONGEST = 640
"""Bytes kept of one code. The longest that we read is a slip's address with its sealed sale, under 400; the rest of a
longer code is dropped, and no reader of ours takes what was cut off."""


class Scanner:
    """One code after another, as they are scanned."""

    def __init__(self) -> None:
        number, tx, rx = pins.SCANNER_UART
        self._stream = asyncio.StreamReader(UART(number, 115200, tx=tx, rx=rx, rxbuf=1024))

    async def next_code(self) -> bytes:
        """Wait for the next code and return its bytes, at most ``LONGEST``."""
        code = bytearray()
        while True:
            octet = await self._stream.readexactly(1)
            if octet not in b"\r\n":
                if len(code) < LONGEST:
                    code.extend(octet)
            elif code:
                return bytes(code)
