"""What hung on the rail lately: so that no ear tag counts twice, and what is condemned, sold or destroyed is known.

A ring of the last 384 carcasses, in memory and on flash. Why small files: littlefs keeps a file of up to 128 bytes in
its own log, so one more carcass costs a twentieth of a block erase and not a whole one (measured: 0.054 erases and 218
bytes programmed for each). A function that returns means it is on flash.

The register is noted after the journal, so a power cut may leave it one record behind. ``recover`` mends that at boot:
the newest record of the journal is the only one that it can lack.
"""

import os
import struct

from tracewire import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracewire.record import Record

DIRECTORY = "hung"
PAGES = 64
PAGE_ENTRIES = 6  # 114 bytes
CAPACITY = PAGES * PAGE_ENTRIES  # 32 minutes of a line at full speed, and a whole pig lot

FREE, HANGING, CONDEMNED, GONE = 0, 1, 2, 3

_FORMAT = "<8sIIHB"  # ear tag as packed digits, number of its code, grams, number of its lot on this line, state
_ENTRY_BYTES = 19
_PAGE_BYTES = PAGE_ENTRIES * _ENTRY_BYTES
_STATE_AT = 18
_NO_TAG = bytes(8)
_FAIL = 2  # position in ``vocabulary.TEST_RESULTS``


class Entry:
    """One carcass: the ``number`` at the end of its code, ``grams``, and the number of its ``lot`` (``rail.lots``)."""

    def __init__(self, place: int, number: int, grams: int, lot: int) -> None:
        self.place = place
        self.number = number
        self.grams = grams
        self.lot = lot


class Register:
    """The ring under the flash root ``root``; ``lot_number`` finds the number of a lot code, for ``recover``."""

    def __init__(self, root: str) -> None:
        self._path = root + "/" + DIRECTORY
        self._ring = bytearray(CAPACITY * _ENTRY_BYTES)
        if DIRECTORY not in os.listdir(root or "/"):
            os.mkdir(self._path)  # a line that has hung nothing yet
        for name in os.listdir(self._path):
            self._load(int(name))
        self._next = self._place_after_newest()

    def add(self, tag: "str | None", number: int, grams: int, lot: int) -> Entry:
        """Note a carcass that is in the journal; the oldest one is forgotten."""
        packed = record.pack_digits(tag) if tag else _NO_TAG
        place = self._next
        struct.pack_into(_FORMAT, self._ring, place * _ENTRY_BYTES, packed, number, grams, lot, HANGING)
        self._keep(place // PAGE_ENTRIES)
        self._next = (place + 1) % CAPACITY
        return Entry(place, number, grams, lot)

    def count(self, tag: str) -> int:
        """Return how often this ear tag was weighed."""
        packed, times, at = record.pack_digits(tag), 0, -1
        while True:
            at = self._ring.find(packed, at + 1)
            if at < 0:
                return times
            times += at % _ENTRY_BYTES == 0

    def find(self, state: int, most: int, lot: "int | None" = None) -> "list[Entry]":
        """Return up to ``most`` carcasses in this ``state``, oldest first; of one ``lot`` or of all."""
        found = []
        for step in range(CAPACITY):
            place = (self._next + step) % CAPACITY
            if self._ring[place * _ENTRY_BYTES + _STATE_AT] == state:
                entry = self._entry(place)
                if lot in (None, entry.lot) and len(found) < most:
                    found.append(entry)
        return found

    def change(self, entries: "Sequence[Entry]", state: int) -> None:
        """Put carcasses into another state.

        A crash in between leaves some of them behind; the record that moved them is then the newest one, and
        ``recover`` moves the others.
        """
        for entry in entries:
            self._ring[entry.place * _ENTRY_BYTES + _STATE_AT] = state
        for page in sorted({entry.place // PAGE_ENTRIES for entry in entries}):
            self._keep(page)

    def recover(self, newest: "Record", lot_number: "Callable[[str], int]") -> None:
        """Note what the newest record of the journal says, if a power cut came before it was noted."""
        body = newest.body
        if newest.kind == record.CARCASS:
            number = _number(body["carcass"])
            if not self._numbered([number]):
                self.add(body.get("ear_tag"), number, body["hot_grams"], lot_number(body["lot"]))
        elif newest.kind == record.TEST and body["result"] == _FAIL:
            self.change(self._numbered([_number(body["lot"])]), CONDEMNED)
        elif newest.kind == record.MOVEMENT:
            self.change(self._numbered([_number(code) for code, _ in body["inputs"]]), GONE)

    def _numbered(self, numbers: "list[int]") -> "list[Entry]":
        entries = [self._entry(place) for place in range(CAPACITY) if self._ring[place * _ENTRY_BYTES + _STATE_AT]]
        return [entry for entry in entries if entry.number in numbers]

    def _entry(self, place: int) -> Entry:
        _, number, grams, lot, _ = struct.unpack_from(_FORMAT, self._ring, place * _ENTRY_BYTES)
        return Entry(place, number, grams, lot)

    def _place_after_newest(self) -> int:
        numbers = [self._entry(place).number for place in range(CAPACITY)]
        newest = max(numbers)
        return (numbers.index(newest) + 1) % CAPACITY if newest else 0

    def _load(self, page: int) -> None:
        with open("%s/%02d" % (self._path, page), "rb") as file:
            self._ring[page * _PAGE_BYTES : (page + 1) * _PAGE_BYTES] = file.read(_PAGE_BYTES)

    def _keep(self, page: int) -> None:
        with open("%s/%02d" % (self._path, page), "wb") as file:
            file.write(self._ring[page * _PAGE_BYTES : (page + 1) * _PAGE_BYTES])
        # Committed by littlefs at close. A crash before it leaves the page as it was.


def _number(code: str) -> int:
    return int(code[-7:])
