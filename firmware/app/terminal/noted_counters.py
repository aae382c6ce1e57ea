"""The table of what was last seen of each card, kept as notes: 20 bytes on flash for a card instead of the whole table.

What is kept reaches the flash with the next ``Notes.flush``. Before a deal is signed, cards that are owed something are
left for a later one: the write tells as much of them, and when they are written their rows change once more.
"""

import struct

from cards.counters import CAPACITY, Counters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from terminal.notes import Notes

_ROW = "<B7sI4sI"  # as in the table: length of the number and up to 7 bytes of it, generation, tag, taps
ROW_BYTES = 20
NOTED_BYTES = 19  # a chip counts its taps in 24 bits (NTAG 424 DNA), so the last byte is 0 and not noted
_ROWS_OF_A_NOTE = 13
_TAG = 1  # of these notes among those of the device (``terminal.notes``)


class NotedCounters(Counters):
    """The table of the device whose ``notes`` these are."""

    def __init__(self, notes: "Notes", capacity: int = CAPACITY) -> None:
        self._notes = notes
        self._is_changed = False
        self._fresh: "list[bytes]" = []  # numbers of cards whose rows are not on flash
        super().__init__("", capacity)

    def keep(self, uid: bytes, generation: int, tag: bytes, taps: int) -> None:
        """Remember what was seen; nothing is noted when nothing is new."""
        self._is_changed = False
        super().keep(uid, generation, tag, taps)
        if self._is_changed and uid not in self._fresh:
            self._fresh.append(uid)

    def restore(self, note: bytes) -> None:
        """Take the rows of a note back from flash."""
        for at in range(0, len(note), NOTED_BYTES):
            length, uid, generation, tag, taps = struct.unpack(_ROW, note[at : at + NOTED_BYTES] + b"\0")
            super().keep(uid[:length], generation, tag, taps)

    def notes(self, is_all: bool, later: "Sequence[bytes]") -> "Iterator[bytes]":
        """Return the notes that make this table, the row that goes next first, or those of what changed."""
        count = len(self._rows) // ROW_BYTES
        if is_all:
            rows = [(self._oldest + step) % count * ROW_BYTES for step in range(count)]
        else:
            rows = [self._find(uid) for uid in self._fresh if uid not in later and self.knows(uid)]
        for start in range(0, len(rows), _ROWS_OF_A_NOTE):
            yield b"".join([self._rows[at : at + NOTED_BYTES] for at in rows[start : start + _ROWS_OF_A_NOTE]])

    def flushed(self, later: "Sequence[bytes]") -> None:
        """What changed is on flash, but for these cards."""
        self._fresh = [uid for uid in self._fresh if uid in later]

    def _store(self) -> None:
        self._is_changed = True

    def _load(self) -> None:
        self._notes.join(_TAG, self)
