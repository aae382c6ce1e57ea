"""What this device last saw of each card, on flash, so that a card that goes back in time is noticed.

A row a card: its number, the newest generation of its contents with four bytes of that copy's tag, and the highest
count of taps that the chip has signed (0: a card that does not count). Bounded: when the table is full the row that
was added first goes, and that card is new to this device again; the ledger knows more than one device does.

The whole table is rewritten for a change, 4 KiB at most: one or two flash blocks a tap.
"""

import os
import struct
from binascii import crc32

from tracewire.errors import Rejected

FILE = "card_counters.bin"
CAPACITY = 200  # cards; with the head just under one flash block of 4096 bytes

_ROW = "<8sI4sI"  # uid (length and up to 7 bytes), generation, tag, taps
_ROW_BYTES = 20
_HEAD = "<II"  # CRC-32 of the rest; the row that goes next
_HEAD_BYTES = 8


class Counters:
    """The table under the flash root ``root``; ``started_anew`` tells that its file was unreadable and is gone."""

    def __init__(self, root: str, capacity: int = CAPACITY) -> None:
        self._path = root + "/" + FILE
        self._capacity = capacity
        self._oldest = 0
        self._rows = bytearray()
        self.started_anew = False
        self._load()

    def knows(self, uid: bytes) -> bool:
        """Tell whether a card of this number was accepted here before."""
        return self._find(uid) is not None

    def generation(self, uid: bytes) -> int:
        """Return the newest generation seen of this card, 0 when it is unknown."""
        at = self._find(uid)
        return 0 if at is None else struct.unpack_from(_ROW, self._rows, at)[1]

    def check_taps(self, uid: bytes, taps: int) -> None:
        """Refuse a signed count that this card has been past already: Rejected "card.copied"."""
        at = self._find(uid)
        if at is not None and taps <= struct.unpack_from(_ROW, self._rows, at)[3]:
            raise Rejected("card.copied", "tap %d again" % taps)

    def check_generation(self, uid: bytes, generation: int, tag: bytes) -> None:
        """Refuse contents older than what was seen (Rejected "card.rolled_back") or beside it ("card.copied").

        One generation with two tags means that two cards of one number were written apart from each other.
        """
        at = self._find(uid)
        if at is None:
            return
        _, seen, seen_tag, _ = struct.unpack_from(_ROW, self._rows, at)
        if generation < seen:
            raise Rejected("card.rolled_back", "%d after %d" % (generation, seen))
        if generation == seen and tag[:4] != seen_tag:
            raise Rejected("card.copied", "two cards at %d" % seen)

    def keep(self, uid: bytes, generation: int, tag: bytes, taps: int) -> None:
        """Remember what was seen; when this returns it is on flash. Nothing is written when nothing is new."""
        row = struct.pack(_ROW, _name(uid), generation, tag[:4], taps)
        at = self._find(uid)
        if at is None:
            if len(self._rows) < self._capacity * _ROW_BYTES:
                self._rows += row
                return self._store()
            at = self._oldest * _ROW_BYTES
            self._oldest = (self._oldest + 1) % self._capacity
        elif self._rows[at : at + _ROW_BYTES] == row:
            return None
        self._rows[at : at + _ROW_BYTES] = row
        return self._store()

    def _find(self, uid: bytes) -> "int | None":
        name = _name(uid)
        at = self._rows.find(name)
        while at >= 0:
            if at % _ROW_BYTES == 0:
                return at
            at = self._rows.find(name, at + 1)
        return None

    def _store(self) -> None:
        body = struct.pack("<I", self._oldest) + bytes(self._rows)
        with open(self._path + ".new", "wb") as file:
            file.write(struct.pack("<I", crc32(body)) + body)
        # Commit point: littlefs renames atomically. A crash before it forgets this tap, and the card's own next tap
        # counts on from it; after it the tap is known.
        os.rename(self._path + ".new", self._path)

    def _load(self) -> None:
        try:
            with open(self._path, "rb") as file:
                stored = file.read()
        except OSError:
            return  # no card was ever seen
        rows = len(stored) - _HEAD_BYTES
        if rows < 0 or rows % _ROW_BYTES or crc32(stored[4:]) != struct.unpack("<I", stored[:4])[0]:
            self.started_anew = True
            return
        keep = min(rows, self._capacity * _ROW_BYTES)
        self._rows = bytearray(stored[_HEAD_BYTES : _HEAD_BYTES + keep])
        self._oldest = struct.unpack_from(_HEAD, stored)[1] % self._capacity


def _name(uid: bytes) -> bytes:
    return bytes((len(uid),)) + uid[:7] + bytes(7 - len(uid[:7]))
