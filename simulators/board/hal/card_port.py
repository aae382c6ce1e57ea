"""Serial line of the virtual board's PN532: panel message ``reader``, bytes in hex, both ways.

The chip and the cards are the panel's (``simulators/chip_process.py``), as they lie outside of a real board: their
memory costs none of its heap.
"""

import binascii

from hal.panel import plug


class CardPort:
    """Bytes to and from the reader chip."""

    def __init__(self) -> None:
        self._panel = plug()
        self._arriving = self._panel.inbox("reader")
        self._octets = b""

    async def read(self, count: int) -> bytes:
        """Wait for exactly ``count`` bytes."""
        while len(self._octets) < count:
            self._octets += binascii.unhexlify(await self._arriving.get())
        octets, self._octets = self._octets[:count], self._octets[count:]
        return octets

    async def write(self, octets: bytes) -> None:
        """Send ``octets``."""
        self._panel.send_hex("reader", octets)
