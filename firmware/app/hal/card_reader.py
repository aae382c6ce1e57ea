"""Card reader module on a UART. It does the card protocol itself and reports contents as frames.

Frame: 0x02, length (2 bytes, big-endian), contents, XOR of the contents. Length 0 means: the card was taken away.
What is on a card is a hint and not an authority, so a frame needs to be whole, not authentic.
"""

import asyncio

import pins
from machine import UART

_START = 0x02
_LARGEST = 1024  # bytes; an IC card sector image with 24 lots needs about 350


class CardReader:
    """Cards as they are presented and taken away."""

    def __init__(self) -> None:
        number, tx, rx = pins.CARD_UART
        self._stream = asyncio.StreamReader(UART(number, 115200, tx=tx, rx=rx))

    async def next_card(self) -> "bytes | None":
        """Wait until a card is presented (its contents) or taken away (None); damaged frames are passed over."""
        while True:
            if (await self._stream.readexactly(1))[0] != _START:
                continue
            size = int.from_bytes(await self._stream.readexactly(2), "big")
            if size > _LARGEST:
                continue
            contents = await self._stream.readexactly(size)
            if (await self._stream.readexactly(1))[0] == _xor(contents):
                return contents or None


def _xor(contents: bytes) -> int:
    check = 0
    for octet in contents:
        check ^= octet
    return check
