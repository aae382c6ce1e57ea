"""Scanner of the virtual board: panel message ``scan``, the bytes of one QR code or RFID tag in hex."""

import binascii

from hal.panel import plug

LONGEST = 640  # as the real one


class Scanner:
    """One code after another, as they are scanned."""

    def __init__(self) -> None:
        self._codes = plug().inbox("scan")

    async def next_code(self) -> bytes:
        """Wait for the next code and return its bytes, at most ``LONGEST``."""
        return binascii.unhexlify(await self._codes.get())[:LONGEST]
