"""Camera of the virtual board: panel message ``photo``, the file in hex; only its digest goes on from here."""

import binascii
from hashlib import sha256

from hal.panel import plug


class Camera:
    """Photos as they are taken."""

    def __init__(self) -> None:
        self._photos = plug().inbox("photo")

    async def next_digest(self) -> bytes:
        """Wait for the next photo and return the SHA-256 of its file."""
        return sha256(binascii.unhexlify(await self._photos.get())).digest()
