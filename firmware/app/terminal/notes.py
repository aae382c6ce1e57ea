"""What is noted of cards, on flash: small notes, appended in groups and gathered seldom.

Why: littlefs gives a file that grows a fresh block, and a list that is rewritten costs by its whole length. So the
notes of one ``flush`` go into one of 96 *slots*, files that live inside littlefs' own log; and when all are written,
the state goes into one file, the *base*, as the notes that make it, and the slots are overwritten in turn. Measured by
tests/micropython/deal_wear.py.

    notes = Notes(root)
    notes.join(tag, owner)     whose notes these are: ``restore(note)`` takes one back, ``notes(is_all, later)`` makes
                               those of all its state, or of what changed since ``flushed(later)``, but for cards that
                               can wait
    notes.flush()              what changed is on flash: all of it, or nothing when the power goes

A file is its serial number, each note behind its length, a zero, and a CRC-32 of all that. A base stands for every slot
up to its own number; the slots that count are those that follow it without a gap.
"""

import os
import struct
from binascii import crc32

from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

DIRECTORY = "notes"
SLOTS = 96


class Notes:
    """The notes under the flash root ``root``. ``is_damaged``: a file was unreadable, and what it said is lost."""

    def __init__(self, root: str, slots: int = SLOTS) -> None:
        self._path = root + "/" + DIRECTORY
        self._slots = slots  # the base is the file behind them
        self._owners: "dict[int, object]" = {}
        self.is_damaged = False
        if DIRECTORY not in os.listdir(root or "/"):
            os.mkdir(self._path)  # the first power-on
        base = self._read(slots, 0)
        self._has_base = base is not None
        if self.is_damaged:  # its numbers are lost, and the slots that it stood for still say the newest of it
            self._newest = max([self._read(slot, 0) or 0 for slot in range(slots)])
            self._base = max(0, self._newest - slots)
            return
        self._newest = self._base = base or 0
        while self._read((self._newest + 1) % slots, 0) == self._newest + 1:
            self._newest += 1

    def join(self, tag: int, owner: "object") -> None:
        """Let ``owner`` have the notes of ``tag``: it restores those on flash now, oldest first."""
        self._owners[tag] = owner
        if self._has_base:
            self._read(self._slots, tag)
        for serial in range(self._base + 1, self._newest + 1):
            self._read(serial % self._slots, tag)

    def flush(self, later: "Sequence[bytes]" = ()) -> None:
        """Put what changed on flash, in one commit; Unavailable "notes.flash", and then the next flush tries again.

        What was seen of the cards ``later`` may wait for the next flush.
        """
        changed = list(self._collect(False, later))
        if not changed:
            return
        if self._newest - self._base == self._slots:
            self.gather()
            return
        self._write((self._newest + 1) % self._slots, self._newest + 1, changed)
        self._newest += 1
        self._tell(later)

    def gather(self) -> None:
        """Put the whole state into the base, what changed as well, in one commit; Unavailable "notes.flash"."""
        self._write(self._slots, self._newest, self._collect(True, ()))
        # Committed. Before: boot finds base and slots as they were; from here on it takes every slot for stale.
        self._base = self._newest
        self._tell(())

    def _tell(self, later: "Sequence[bytes]") -> None:
        for owner in self._owners.values():
            owner.flushed(later)

    def _collect(self, is_all: bool, later: "Sequence[bytes]") -> "Iterator[bytes]":
        for tag, owner in self._owners.items():
            for note in owner.notes(is_all, later):
                yield bytes((tag,)) + note

    def _write(self, place: int, serial: int, notes: "Iterable[bytes]") -> None:
        """Replace a file; littlefs commits it all or nothing when it is closed."""
        part = struct.pack("<I", serial)
        try:
            with open("%s/%02d" % (self._path, place), "wb") as file:
                file.write(part)
                checksum = crc32(part)
                for note in notes:
                    part = bytes((len(note),)) + note
                    file.write(part)
                    checksum = crc32(part, checksum)
                file.write(b"\0" + struct.pack("<I", crc32(b"\0", checksum)))
        except OSError as error:
            raise Unavailable("notes.flash", str(error))

    def _read(self, place: int, wanted: int) -> "int | None":
        """Return the serial number of a sound file, and let the owner of the tag ``wanted`` restore its notes.

        0 is nobody's tag: then the file is only checked, as every file is before the first owner joins.
        """
        try:
            with open("%s/%02d" % (self._path, place), "rb") as file:
                head = file.read(4)
                checksum, note = crc32(head), b""
                while True:
                    length = file.read(1)
                    note = file.read(length[0]) if length else b""
                    checksum = crc32(length + note, checksum)
                    if not note:
                        break
                    if wanted and note[0] == wanted:
                        self._owners[wanted].restore(note[1:])
                is_sound = len(head) == 4 and file.read(4) == struct.pack("<I", checksum)
        except OSError:
            return None  # never written
        if not is_sound:
            self.is_damaged |= bool(head)  # an empty one was just being made when the power went
            return None
        return struct.unpack("<I", head)[0]
