"""Builds the next records of this device: number, previous digest, totals, boot counter; seals and journals them.

Everything a record needs from the past is recovered from the newest record on flash and from nowhere else, so that no
crash can make a number, a total or a boot counter appear twice. A failed write changes nothing here.

The event counter counts the audit events of a whole life and nothing sets it back (R 76-1, 4.1.2.4). Between two events
lie more records than the journal keeps, so it stands in a small file too, written after its record: the higher of file
and newest record is right, whatever the power did in between.
"""

import gc

from device.journal import Journal
from tracewire import cbor, chain, cose, record
from tracewire.errors import Misuse, Rejected, Unavailable
from tracewire.record import Record
from tracewire.words import AUDIT_EVENTS, CLOCK_SOURCES, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.mark import Mark

_MAY_USE_RESERVE = (record.BOOT, record.CLOCK, record.AUDIT)
_CLOCK_SOURCE_OTHER = 0
_EVENTS_FILE = ".events"  # behind the journal's path: what must outlive its records


class History:
    """One device's history.

    ``key`` seals (a ``KeyStore``), ``clock`` has ``now_ms()``, ``boot`` is the body of the boot record, ``mark`` tells
    whether the journal was set back; then nothing is sealed (``Unavailable("journal.set_back")``), because every number
    that it would give may be taken.
    ``head``, ``totals`` and ``boot_count`` are those of the newest record on flash; ``event_counter`` is that of the
    newest audit record, however long ago. ``heap_low_bytes`` is the least heap that was free when something was sealed.
    """

    def __init__(
        self, journal: Journal, key: "object", clock: "object", boot: "dict[str, object]", mark: "Mark"
    ) -> None:
        """Recover from ``journal``; ``Misuse("history.…")`` when its newest record is not one of ours."""
        self._journal = journal
        self._key = key
        self._clock = clock
        self._boot_body = boot
        self._mark = mark
        self._is_started = self._has_begun = False
        self._is_promised = False
        self.head = chain.GENESIS
        self.totals = (0, 0, 0)
        self.boot_count = 0
        self.time_ms = 0
        self.event_counter = self._kept_events = 0
        self.heap_low_bytes = gc.mem_free()
        self._recover()
        journal.guard(mark)

    @property
    def next_seq(self) -> int:
        """Number of the first record of the next ``write``, for a record that names its neighbour.

        Kept: a clock that has gone back gets its record now, and one that goes back before the write waits its turn.
        """
        self._settle()
        self._is_promised = True
        return self._journal.next_seq

    def start(self) -> None:
        """Seal the boot record, and an audit record for what was found amiss; once, before anything else.

        A device whose flash is full to the last byte, failing or set back starts all the same, so that its screen can
        say so; the boot record then comes before the next record, or never.
        """
        if self._is_started:
            raise Misuse("history.started")
        self._is_started = True
        try:
            self._begin()
        except Unavailable:
            return

    def _begin(self) -> None:
        self._has_begun = True
        self.boot_count += 1
        entries = [(record.BOOT, self._boot_body)]
        testimony = self._mark.testimony
        if testimony:  # in one commit with the boot record, after which the mark that told it is overwritten
            event = number(AUDIT_EVENTS, "rollback_detected")
            entries.append((record.AUDIT, {"event": event, "event_counter": 1, "detail": testimony}))
        try:
            self.write(entries)
        except Unavailable:
            self._has_begun = False
            self.boot_count -= 1
            raise
        if testimony:
            self.event_counter = 1  # a new key of an erased board
        if self._journal.damaged:
            self.audit("journal_damaged", "%d unreadable" % self._journal.damaged)

    def write(self, entries: "Sequence[tuple[int, dict[str, object]]]") -> "list[tuple[Record, bytes]]":
        """Seal and journal records of (kind, body) in one commit; returns (record, sealed) of each, on flash.

        When the clock has gone back, a clock record is written first and is not in the answer. Raises
        ``Unavailable("journal.full")`` with nothing written, ``Misuse`` for a body that the field table refuses.
        """
        if not self._is_promised:
            self._settle()
        self._is_promised = False
        return self._seal(entries, max(self._clock.now_ms(), self.time_ms))

    def audit(self, event: str, detail: str) -> "tuple[Record, bytes]":
        """Seal one audit event under the next number of the event counter; it may use the journal's reserve."""
        self._settle()
        body = {"event": number(AUDIT_EVENTS, event), "event_counter": self.event_counter + 1, "detail": detail}
        written = self.write([(record.AUDIT, body)])[0]
        self.event_counter += 1
        # The record is on flash. A crash here: boot takes the counter from it, because it is the newest.
        self._keep_events()
        return written

    def set_clock(self, unix_ms: int, source: str) -> None:
        """Set the board's clock to ``unix_ms``, forwards or back, never silently; ``source`` of ``CLOCK_SOURCES``.

        To the whole second below, because that is all that some boards keep.
        """
        before_ms, unix_ms = self._clock.now_ms(), unix_ms - unix_ms % 1000
        if not self._has_begun:
            self._begin()
        self._is_promised = False
        self._seal([(record.CLOCK, {"before_ms": before_ms, "source": number(CLOCK_SOURCES, source)})], unix_ms)
        # On flash. A crash here: the old clock goes on, and boot finds it behind this record and says so.
        self._clock.set_ms(unix_ms)

    def _settle(self) -> None:
        """Seal what comes before the next record: a boot record that had no room yet, a clock that has gone back."""
        if not self._is_started:
            raise Misuse("history.not_started", "the boot record comes first")
        if not self._has_begun:
            self._begin()
        now_ms = self._clock.now_ms()
        if now_ms < self.time_ms:
            self._seal([(record.CLOCK, {"before_ms": self.time_ms, "source": _CLOCK_SOURCE_OTHER})], now_ms)

    def _seal(self, entries: "Sequence[tuple[int, dict[str, object]]]", now_ms: int) -> "list[tuple[Record, bytes]]":
        if self._journal.is_set_back:
            raise Unavailable("journal.set_back")  # before a number is signed that may be taken
        if self._kept_events != self.event_counter:
            self._keep_events()  # before another record hides the one that has the number
        first_seq = self._journal.next_seq
        totals, previous = self.totals, self.head.digest
        written = []
        for kind, body in entries:
            totals = record.advance(totals, kind, body)
            statement = Record(kind, body, first_seq + len(written), previous, now_ms, totals, self.boot_count)
            payload = statement.encode()
            gc.collect()  # signing is four times slower when it has to collect in between (security.md §2)
            self.heap_low_bytes = min(self.heap_low_bytes, gc.mem_free())
            sealed = cose.seal(payload, cose.RECORD, self._key)
            previous = chain.digest(sealed)
            written.append((statement, sealed))
        is_audit = all([kind in _MAY_USE_RESERVE for kind, _ in entries])
        self._journal.append([sealed for _, sealed in written], is_audit)
        # On flash. A crash from here on: boot recovers exactly what is now put into these attributes.
        self.head = chain.Head(written[-1][0].seq, previous)
        self.totals = totals
        self.time_ms = now_ms
        return written

    def _recover(self) -> None:
        sealed = self._journal.last()
        if sealed is None:
            if self._journal.next_seq != 1:
                raise Misuse("history.lost", "no record of this journal can be read: enrol again")
            return
        try:
            newest = record.decode(cose.parse(sealed).payload)
        except Rejected as refusal:
            raise Misuse("history.foreign", refusal.code)
        if newest.seq >= self._journal.next_seq:
            raise Misuse("history.foreign", "the newest record has another number than its place")
        # Whose key sealed it is not asked: after a change of keys the chain goes on (spec 5.4).
        self.head = chain.Head(newest.seq, chain.digest(sealed))
        self.totals = newest.totals
        self.boot_count = newest.boot
        self.time_ms = newest.time_ms
        self._kept_events = self._read_events()
        self.event_counter = max(self._kept_events, newest.body.get("event_counter", 0))

    def _keep_events(self) -> None:
        try:
            with open(self._journal.path + _EVENTS_FILE, "wb") as stream:
                stream.write(cbor.encode(self.event_counter))
        except OSError as error:
            raise Unavailable("journal.flash", str(error))
        self._kept_events = self.event_counter

    def _read_events(self) -> int:
        try:
            with open(self._journal.path + _EVENTS_FILE, "rb") as stream:
                content = stream.read()
            return int(cbor.decode(content)) if content else 0  # the power went while littlefs made the file
        except OSError:
            return 0  # no event yet
        except Rejected as refusal:
            raise Misuse("history.events", refusal.code)
