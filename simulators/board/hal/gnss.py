"""Satellite receiver of the virtual board: panel message ``nmea``, any bytes in hex."""

import binascii

from hal.panel import plug


class Gnss:
    """A stream of bytes; what they mean is not decided here."""

    def __init__(self) -> None:
        self._chunks = plug().inbox("nmea")

    async def read(self) -> bytes:
        """Wait for the next bytes and return them, at least one."""
        return binascii.unhexlify(await self._chunks.get())
