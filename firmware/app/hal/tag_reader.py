"""Reader of ear tags and hooks on a UART: lines of ASCII, 9600 baud, ended by CR LF.

What stands in a line is the business of ``rail.ear_tags``; here a line is bytes up to LF, and noise without an end
costs no memory.
"""

import asyncio

import pins
from machine import UART

_LONGEST = 32  # bytes; a frame has at most 20


class TagReader:
    """Lines as they come."""

    def __init__(self) -> None:
        number, tx, rx = pins.TAG_UART
        self._stream = asyncio.StreamReader(UART(number, 9600, tx=tx, rx=rx))

    async def next_frame(self) -> bytes:
        """Wait for the next line that is not empty and return it without its end; too long a line is passed over."""
        line = b""
        while True:
            octet = await self._stream.readexactly(1)
            if octet == b"\n":
                if line.strip() and len(line) <= _LONGEST:
                    return line.strip()
                line = b""
            elif len(line) <= _LONGEST:
                line += octet
