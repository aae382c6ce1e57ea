"""Step 3 of 11, journal: records on flash before anyone is told, safe against a power cut at any moment.

Before: firmware/lib/tracewire/cose.py
After: firmware/app/device/publisher.py

A function that returns means it is on flash. littlefs commits a file all or nothing when it is flushed or closed, and
the journal builds on that and on nothing else.

Why two kinds of file: growing a file by one record costs littlefs a fresh block, an erase per sale. A file of at most
512 bytes, however, lives inside littlefs' own log and costs a few hundred bytes of it. So each append goes into one of
sixteen *slots* (``tail00`` … ``tail15``, the tail of the journal), and when they are full they are gathered into one
*segment* of one erase block, named by its first number (``00000123``). Slots are then not deleted but overwritten in
turn: a slot whose numbers a segment already has is stale. Measured by tests/micropython/device_wear.py.

The last record is never deleted, even when released: seq, prev, totals and boot counter are recovered from it, so no
crash can make a number appear twice.
"""

import os
from array import array

from device import frames
from tracewire import chain
from tracewire.errors import Misuse, Rejected, Unavailable

BLOCK_BYTES = 4096  # erase block of common NOR flash; a segment of this size is exactly one littlefs block
SLOTS = 16
RESERVE_BYTES = 8192  # room for about 35 audit records when sales are no longer accepted
ONE_SALE_BYTES = 640  # a weighing, a sale and their frames, with room to spare: what must fit before we say "full"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from device.mark import Mark

_PIECE_BYTES = 256
_NO_SPACE = 28  # ENOSPC; MicroPython's errno has no name for it

SET_BACK = "set_back"
WORN_OUT = "worn_out"
FRESH = "fresh"
FILLING = "filling"
NEARLY_FULL = "nearly_full"
FULL = "full"


def create(path: str) -> None:
    """Make an empty journal; enrolment only. ``Misuse`` when there is one: a second history must not begin."""
    try:
        os.mkdir(path)
    except OSError:
        raise Misuse("journal.exists", path)


class Journal:
    """Append-only records of one device under ``path``, at most ``capacity_bytes`` of frames.

    ``next_seq`` is the number that the next record gets. ``oldest_seq`` is the first record still on flash.
    ``released_to``: all records up to it are in a keeper's hands. ``damaged``: frames found unreadable at boot.
    ``written_bytes``: what was appended since then. ``is_set_back``: a later state of this flash is known.
    ``is_failing``: the last append found flash that does not take what it should. ``spare_segments`` of what is
    released stay all the same, for a program that reads its own past; after a boot they count as not released.
    """

    spare_segments = 0

    def __init__(self, path: str, capacity_bytes: int, reserve_bytes: int = RESERVE_BYTES) -> None:
        self.capacity_bytes = capacity_bytes
        self._reserve_bytes = reserve_bytes
        self.path = path
        # The index in memory: 12 bytes for each segment, 3 numbers for each slot of the tail.
        self._firsts = array("I")
        self._lasts = array("I")
        self._sizes = array("I")
        self._tail: "list[tuple[int, int, int]]" = []
        self._used_bytes = 0
        self._cursor = ("", 0, 0)  # file, number and offset up to which it was last read
        self._mark = None
        self._is_mark_due = False
        self.is_set_back = self.is_failing = False
        self.damaged = self.written_bytes = 0
        self.next_seq = 1
        self._recover()
        self.released_to = self.oldest_seq - 1

    @property
    def oldest_seq(self) -> int:
        """Number of the first record still on flash; ``next_seq`` when there is none."""
        if len(self._firsts):
            return self._firsts[0]
        return self._tail[0][0] if self._tail else self.next_seq

    @property
    def pending(self) -> int:
        """How many records no keeper has released yet."""
        return self.next_seq - 1 - self.released_to

    @property
    def used_permille(self) -> int:
        """How full the journal is, in thousandths of its capacity."""
        return min(1000, self._used_bytes * 1000 // self.capacity_bytes)

    @property
    def room_bytes(self) -> int:
        """Bytes of frames that sales may still fill."""
        return max(0, self.capacity_bytes - self._reserve_bytes - self._used_bytes)

    @property
    def state(self) -> str:
        """``fresh`` below half, ``filling``, ``nearly_full`` from 80 %, ``full``: the next sale would be refused.

        ``worn_out``: the flash fails, or holds less than it should. ``set_back``: every append is refused.
        """
        if self.is_set_back:
            return SET_BACK
        if self.is_failing:
            return WORN_OUT
        if self._used_bytes + ONE_SALE_BYTES > self.capacity_bytes - self._reserve_bytes:
            return FULL
        if self.used_permille >= 800:
            return NEARLY_FULL
        return FILLING if self.used_permille >= 500 else FRESH

    def guard(self, mark: "Mark") -> None:
        """Let ``mark`` keep what was appended last, and append nothing where it knows of a later record.

        Once, before the first append: a journal that is only read needs none.
        """
        self._mark = mark
        if mark.is_set_back or mark.seq >= self.next_seq:
            self.set_back(mark.seq)

    def set_back(self, seq: int) -> None:
        """Refuse every append from now on, through any power cut: record ``seq`` was sealed and is not here.

        0: until the power goes.
        """
        self.is_set_back = True
        if seq:
            self._mark.latch(seq)

    def append(self, sealed_records: "list[bytes]", audit: bool = False) -> None:
        """Keep records as ``next_seq`` and following, in one commit: on flash when this returns, all or none.

        ``audit`` may use the reserve. Raises ``Unavailable("journal.full")`` before anything is lost or changed, and
        ``Unavailable("journal.flash")`` when the flash fails. ``Unavailable("journal.set_back")``: see ``guard``.
        """
        if self.is_set_back:
            raise Unavailable("journal.set_back")
        if self._mark is None:
            raise Misuse("journal.unguarded")
        if self._is_mark_due:
            self._note()
        parts = []  # and not one piece: a full heap has none so large
        for seq, sealed in enumerate(sealed_records, self.next_seq):
            parts += frames.header(seq, sealed), sealed
        size = sum([len(part) for part in parts])
        limit = self.capacity_bytes - (0 if audit else self._reserve_bytes)
        if self._used_bytes + size > limit:
            raise Unavailable("journal.full", "%d of %d bytes" % (self._used_bytes, limit))
        self.is_failing = True
        if len(self._tail) == SLOTS or self._tail_bytes() + size > BLOCK_BYTES:
            self._gather()
        _write(self._slot_path(len(self._tail)), parts)
        self.is_failing = False
        # Committed. A crash from here on finds the records at boot; before, it finds the journal as it was.
        self._tail.append((self.next_seq, self.next_seq + len(sealed_records) - 1, size))
        self._used_bytes += size
        self.next_seq += len(sealed_records)
        # A copy of the flash taken while the power was off ends before the first record since then.
        self._is_mark_due = not self.written_bytes or self._mark.is_due(self.next_seq - 1)
        self.written_bytes += size
        if self._is_mark_due:
            try:
                self._note()
            except Unavailable:
                return  # the records are on flash all the same; before the next ones the mark is tried again

    def _note(self) -> None:
        self._mark.advance(self.next_seq - 1)
        self._is_mark_due = False

    def read(self, seq: int) -> "bytes | None":
        """Return the sealed bytes of record ``seq``; ``None`` when it is not (any longer) there or unreadable.

        Reading on from where the last call ended costs no search within the file.
        """
        path = self._file_of(seq)
        if path is None:
            return None
        with open(path, "rb") as stream:
            if self._cursor[0] == path and self._cursor[1] < seq:
                stream.seek(self._cursor[2])
            sealed = frames.find(stream, seq)
            if sealed is not None:
                self._cursor = (path, seq, stream.tell())
            return sealed

    def last(self) -> "bytes | None":
        """Return the newest readable record: what seq, prev, totals and boot counter are recovered from."""
        for seq in range(self.next_seq - 1, self.oldest_seq - 1, -1):
            sealed = self.read(seq)
            if sealed is not None:
                return sealed
        return None

    def release(self, seq_from: int, seq_to: int, head: bytes) -> int:
        """Let go of records that a keeper proved to hold; returns the bytes of flash freed.

        Whole segments go, never the last record. Raises ``Rejected``, and frees nothing, with ``journal.unknown``
        (record ``seq_to`` is not here), ``journal.head`` (it is, with another digest) or ``journal.gap`` (records
        before ``seq_from`` are in nobody's hands yet; unreadable ones are in nobody's way). A repeated release frees
        nothing and is no error.
        """
        if seq_to <= self.released_to:
            return 0
        sealed = self.read(seq_to)
        if sealed is None:
            raise Rejected("journal.unknown", "no record %d" % seq_to)
        if chain.digest(sealed) != head:
            raise Rejected("journal.head", "record %d has another digest" % seq_to)
        if any(self.read(seq) for seq in range(self.released_to + 1, seq_from)):
            raise Rejected("journal.gap", "%d after %d" % (seq_from, self.released_to))
        self.released_to = seq_to
        return self._delete_released()

    def _delete_released(self) -> int:
        deletable = len(self._lasts) - max(self.spare_segments, 0 if self._tail else 1)
        count = 0
        while count < deletable and self._lasts[count] <= self.released_to:
            os.remove(self._segment_path(self._firsts[count]))
            # Committed. A crash here leaves a journal that begins later; a keeper has what it lacks.
            count += 1
        freed = sum(self._sizes[:count])
        self._used_bytes -= freed
        self._firsts, self._lasts, self._sizes = self._firsts[count:], self._lasts[count:], self._sizes[count:]
        return freed

    def _gather(self) -> None:
        """Move the tail into one segment and begin the slots anew."""
        first, last, size = self._tail[0][0], self._tail[-1][1], self._tail_bytes()
        _write(self._segment_path(first), _pieces([self._slot_path(slot) for slot in range(len(self._tail))]))
        # Committed. Before: boot finds an empty segment, removes it and keeps the slots. From here: boot finds the
        # numbers in the segment and takes the slots for stale.
        self._index_segment(first, last, size)
        self._tail = []
        self._cursor = ("", 0, 0)  # slots will be overwritten under the cursor

    def _recover(self) -> None:
        """Read every frame on flash and rebuild the index: the only way the journal ever starts."""
        try:
            names = os.listdir(self.path)
        except OSError:
            raise Misuse("journal.absent", "made at enrolment, never by itself: " + self.path)
        lost_after = self._recover_segments(names)
        lost_after = self._recover_tail(names, lost_after)
        self.next_seq = self._newest() + lost_after + 1

    def _recover_segments(self, names: "list[str]") -> int:
        """Index the segments; returns how many records may be lost behind the last one."""
        lost_after = 0
        for first in sorted([int(name) for name in names if not name.startswith("tail")]):
            survey = _survey(self._segment_path(first))
            if survey.size == 0:  # a gathering was cut off before its commit; the slots still have the records
                os.remove(self._segment_path(first))
                continue
            self.damaged += survey.damaged
            lost_after = survey.lost_after
            self._index_segment(first, survey.last or first, survey.size)
            self._used_bytes += survey.size
        return lost_after

    def _recover_tail(self, names: "list[str]", lost_after: int) -> int:
        """Index the slots that no segment has taken over yet; returns how many records may be lost behind them."""
        for slot in range(SLOTS):
            if "tail%02d" % slot not in names:
                break
            survey = _survey(self._slot_path(slot))
            before = self._newest()
            if survey.size == 0 or 0 < survey.last <= before:  # stale: from before the last gathering
                break
            self.damaged += survey.damaged
            self._used_bytes += survey.size
            if survey.last:
                self._tail.append((survey.first, survey.last, survey.size))
                lost_after = survey.lost_after
            else:  # the slot's numbers are lost, its place is not free
                self._tail.append((before + 1, before, survey.size))
                lost_after += survey.lost_after
        return lost_after

    def _newest(self) -> int:
        """Number of the newest readable record, 0 when there is none."""
        if self._tail:
            return self._tail[-1][1]
        return self._lasts[-1] if len(self._lasts) else 0

    def _index_segment(self, first: int, last: int, size: int) -> None:
        self._firsts.append(first)
        self._lasts.append(last)
        self._sizes.append(size)

    def _tail_bytes(self) -> int:
        return sum([size for _, _, size in self._tail])

    def _file_of(self, seq: int) -> "str | None":
        for slot, (first, last, _) in enumerate(self._tail):
            if first <= seq <= last:
                return self._slot_path(slot)
        low, high = 0, len(self._firsts)
        while low < high:
            middle = (low + high) // 2
            if self._lasts[middle] < seq:
                low = middle + 1
            else:
                high = middle
        if low < len(self._firsts) and self._firsts[low] <= seq:
            return self._segment_path(self._firsts[low])
        return None

    def _segment_path(self, first: int) -> str:
        return "%s/%08d" % (self.path, first)

    def _slot_path(self, slot: int) -> str:
        return "%s/tail%02d" % (self.path, slot)


def _write(path: str, parts: "object") -> None:
    """Replace the file at ``path``; on flash when this returns, and untouched when it raises."""
    try:
        with open(path, "wb") as stream:
            for part in parts:
                stream.write(part)
    except OSError as error:
        code = "journal.full" if error.errno == _NO_SPACE else "journal.flash"
        raise Unavailable(code, str(error))


def _pieces(paths: "list[str]") -> "Iterator[memoryview]":
    """Yield what is in these files, through one small buffer; a piece is gone when the next one is asked for."""
    buffer = memoryview(bytearray(_PIECE_BYTES))
    for path in paths:
        with open(path, "rb") as stream:
            count = stream.readinto(buffer)
            while count:
                yield buffer[:count]
                count = stream.readinto(buffer)


def _survey(path: str) -> frames.Survey:
    size = os.stat(path)[6]
    with open(path, "rb") as stream:
        return frames.Survey(stream, size)
