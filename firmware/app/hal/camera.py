"""Camera module on a UART: keeps its photos on its own card, and sends each once so that it can be hashed.

Frame: 0x02, length (4 bytes, big-endian), the photo file. The digest is computed while the bytes pass, so a photo of
any size needs no memory here. The file follows later, by cable or network, and must have this digest.
"""

import asyncio
from hashlib import sha256

import pins
from machine import UART

_START = 0x02
_LARGEST = 16777216  # bytes; a longer frame is noise that looked like a start
_CHUNK = 256


class Camera:
    """Photos as they are taken."""

    def __init__(self) -> None:
        number, tx, rx = pins.CAMERA_UART
        self._stream = asyncio.StreamReader(UART(number, 921600, tx=tx, rx=rx, rxbuf=2048))

    async def next_digest(self) -> bytes:
        """Wait for the next photo and return the SHA-256 of its file."""
        while True:
            if (await self._stream.readexactly(1))[0] != _START:
                continue
            left = int.from_bytes(await self._stream.readexactly(4), "big")
            if 0 < left <= _LARGEST:
                return await self._hash(left)

    async def _hash(self, left: int) -> bytes:
        digest = sha256()
        while left:
            chunk = await self._stream.readexactly(min(left, _CHUNK))
            digest.update(chunk)
            left -= len(chunk)
        return digest.digest()
