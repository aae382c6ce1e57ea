"""NXP PN532 on a serial line (UM0701-02): frames, finding a card, handing bytes to it and back.

Why this reader: it speaks ISO 14443-4, so that a chip that proves itself with AES can be asked at all; an MFRC522
leaves that protocol to the host. ``port`` has ``async write(bytes)`` and ``async read(n)``, which returns exactly n
bytes.

Unavailable "reader.silent" or "reader.garbled": the reader chip does not answer, or not in frames. Unavailable
"card.gone": it does, and the card does not.
"""

import asyncio

from tracewire.errors import Misuse, Rejected, Unavailable

from cards import iso14443

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cards.iso14443 import Target

ANSWER_S = 1.0  # the slowest command is one write of 128 bytes to a card, about 60 ms

_WAKE = b"\x55\x55" + bytes(14)  # §7.2.11: rouses the serial line from power-down, then is passed over
_START = b"\x00\x00\xff"
_ACKNOWLEDGED = b"\x00\xff"  # length 0 and its checksum
_TO_READER, _FROM_READER = 0xD4, 0xD5
_LARGEST = 254  # bytes after the direction byte in a normal frame

_SAM_CONFIGURATION = b"\x14\x01\x00\x00"  # normal mode, no interrupt line
_FEW_RETRIES = b"\x32\x05\xff\x01\x02"  # a search for a card ends instead of going on for ever
_FIELD_OFF = b"\x32\x01\x00"
_LIST_ONE_106K = b"\x4a\x01\x00"
_RELEASE_ALL = b"\x52\x00"
_EXCHANGE_WITH_1 = b"\x40\x01"

_STATUS_MASK = 0x3F
_STATUS_MIFARE_REFUSED = 0x14


def frame(command: bytes) -> bytes:
    """Return the normal information frame of a command (§6.2.1.1); Misuse when it is too long for one."""
    body = bytes((_TO_READER,)) + command
    if len(body) > _LARGEST:
        raise Misuse("reader.frame", "%d bytes" % len(command))
    return _START + bytes((len(body), -len(body) & 0xFF)) + body + bytes((-sum(body) & 0xFF, 0))


class Pn532:
    """The reader chip behind ``port``; one command at a time. ``losses`` counts the exchanges that a card left."""

    def __init__(self, port: object, answer_s: float = ANSWER_S) -> None:
        self._port = port
        self._answer_s = answer_s
        self.losses = 0

    async def start(self) -> None:
        """Wake the chip and set it up; Unavailable when there is none."""
        await self._port.write(_WAKE)
        await self._command(_SAM_CONFIGURATION)
        await self._command(_FEW_RETRIES)

    async def find(self) -> "Target | None":
        """Return the card in the field, ``None`` when there is none; Rejected "card.foreign" for a useless one."""
        return iso14443.parse_target(await self._command(_LIST_ONE_106K))

    async def release(self) -> None:
        """Let go of the card and cut the field, so that the next ``find`` meets it fresh."""
        await self._command(_RELEASE_ALL)
        await self._command(_FIELD_OFF)

    async def exchange(self, request: bytes) -> bytes:
        """Hand ``request`` to the card and return its answer; Unavailable "card.gone" when it left or was too far.

        Rejected "card.foreign" when a MIFARE Classic card refuses the key.
        """
        answer = await self._command(_EXCHANGE_WITH_1 + request)
        if not answer:
            raise Unavailable("reader.garbled", "no status")
        status = answer[0] & _STATUS_MASK
        if status == _STATUS_MIFARE_REFUSED:
            raise Rejected("card.foreign", "key refused")
        if status:
            self.losses += 1
            raise Unavailable("card.gone", "status %02x" % status)
        return answer[1:]

    async def _command(self, command: bytes) -> bytes:
        try:
            return await asyncio.wait_for(self._ask(command), self._answer_s)
        except asyncio.TimeoutError:
            self.losses += 1
            raise Unavailable("reader.silent")

    async def _ask(self, command: bytes) -> bytes:
        await self._port.write(frame(command))
        wanted = bytes((_FROM_READER, (command[0] + 1) & 0xFF))
        for _ in range(4):  # the acknowledgement, the answer, and what an abandoned command may have left
            body = await self._next_frame()
            if body[:2] == wanted:
                return body[2:]
        raise Unavailable("reader.garbled", "other answers")

    async def _next_frame(self) -> bytes:
        """Return the body of the next frame, empty for an acknowledgement; bytes before a start code are noise."""
        last = b"\xff\xff\xff"
        while last != _START:
            last = last[1:] + await self._port.read(1)
        size = await self._port.read(2)
        if size == _ACKNOWLEDGED:
            return b""
        if (size[0] + size[1]) & 0xFF or size[0] == 0xFF:
            raise Unavailable("reader.garbled", "length")
        body = await self._port.read(size[0] + 1)
        if sum(body) & 0xFF:
            raise Unavailable("reader.garbled", "checksum")
        return body[:-1]
