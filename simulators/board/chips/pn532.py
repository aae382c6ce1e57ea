"""A PN532 on its serial line, with at most one card in its field.

    line = VirtualPn532()
    line.place(card)
    line.pull_after(3, TORN)        # the third frame to the card is torn in the middle, and the card is gone
    chip = Pn532(line)              # the driver

Frames are checked as the chip checks them: what is not a sound frame is not answered.
"""

import asyncio

LOST, TORN, KEPT = "lost", "torn", "kept"
"""What the frame did during which the card is pulled out: never arrived, half of its write, all but the answer."""

_ACKNOWLEDGE = b"\x00\x00\xff\x00\xff\x00"
_SYNTAX_ERROR = b"\x00\x00\xff\x01\xff\x7f\x81\x00"
_NO_ANSWER = 0x01  # UM0701-02 §7.1: time-out


class VirtualPn532:
    """The port of ``cards.pn532.Pn532``: ``write`` and ``read`` on the serial line."""

    def __init__(self):
        self.card = None
        self.frames = 0  # frames that went to a card
        self.is_dead = False
        self.has_missed = False  # a search found no card since the last one was laid down
        self._is_awake = False
        self._incoming = b""
        self._outgoing = b""
        self._arrived = asyncio.Event()
        self._pull_at = 0
        self._moment = LOST

    def place(self, card):
        """Lay ``card`` on the reader."""
        self.card = card
        self.has_missed = False
        card.field_off()

    def remove(self):
        """Take the card away."""
        self.card = None

    def pull_after(self, frames, moment=LOST):
        """Pull the card out during the ``frames``-th frame from now; 0 only counts them."""
        self.frames = 0
        self._pull_at = frames
        self._moment = moment

    def inject(self, noise):
        """Put bytes on the line towards the host."""
        self._outgoing += noise
        self._arrived.set()

    def answer(self):
        """Return what the chip has said and nobody has read, at once."""
        octets, self._outgoing = self._outgoing, b""
        return octets

    async def read(self, count):
        """Return exactly ``count`` bytes from the chip."""
        while len(self._outgoing) < count:
            self._arrived.clear()
            await self._arrived.wait()
        octets, self._outgoing = self._outgoing[:count], self._outgoing[count:]
        return octets

    async def write(self, octets):
        """Take bytes from the host and answer the frame that they complete."""
        if self.is_dead:
            return
        self._is_awake = self._is_awake or octets[:2] == b"\x55\x55"
        self._incoming += octets
        start = self._incoming.find(b"\x00\x00\xff")
        if not self._is_awake or start < 0 or len(self._incoming) < start + 5:
            return
        length, check = self._incoming[start + 3], self._incoming[start + 4]
        body = self._incoming[start + 5 : start + 5 + length]
        end = self._incoming[start + 5 + length : start + 7 + length]
        self._incoming = b""
        if (length + check) & 0xFF or len(end) != 2 or (sum(body) + end[0]) & 0xFF or body[:1] != b"\xd4":
            return
        self.inject(_ACKNOWLEDGE + self._answer(body[1], body[2:]))

    def _answer(self, code, fields):
        if code == 0x14:
            return _frame(code, b"")
        if code == 0x32:
            if fields[:1] == b"\x01" and self.card:
                self.card.field_off()
            return _frame(code, b"")
        if code == 0x52:
            return _frame(code, b"\x00")
        if code == 0x4A and fields == b"\x01\x00":
            return _frame(code, self._list())
        if code == 0x40 and fields[:1] == b"\x01":
            return _frame(code, self._exchange(fields[1:]))
        return _SYNTAX_ERROR

    def _list(self):
        moment = self._moment_now() if self.card else None
        if moment:
            self.card = None
        if not self.card:
            self.has_missed = True
            return b"\x00"
        self.card.field_off()
        return b"\x01\x01" + self.card.announce()

    def _exchange(self, request):
        if not self.card:
            return bytes((_NO_ANSWER,))
        moment = self._moment_now()
        if moment is None:
            status, answer = self.card.exchange(request)
            return bytes((status,)) + answer
        if moment != LOST:
            self.card.is_torn = moment == TORN
            self.card.exchange(request)
            self.card.is_torn = False
        self.card = None
        return bytes((_NO_ANSWER,))

    def _moment_now(self):
        """Return the moment at which the card is pulled out if this is the frame, else ``None``."""
        self.frames += 1
        return self._moment if self.frames == self._pull_at else None


def _frame(code, fields):
    body = bytes((0xD5, code + 1)) + fields
    return b"\x00\x00\xff" + bytes((len(body), -len(body) & 0xFF)) + body + bytes((-sum(body) & 0xFF, 0))
