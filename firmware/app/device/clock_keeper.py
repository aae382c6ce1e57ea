"""The device's time: never before what the device can prove, never moved without a record (ADR 0011).

A board without a battery wakes in the year 2000, where no certificate holds yet. It starts at its *floor* instead: the
newest of enrolment, newest record and newest time a keeper has signed. A clock years ahead of all signed time is as
broken as one behind; it starts at the floor too. From there a signed time leads on.
"""

import time

from device import validity
from tracewire import cbor, record
from tracewire.errors import Rejected, Unavailable
from tracewire.words import CLOCK_QUALITIES, CLOCK_SOURCES, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.history import History

FILE = "clock.cbor"
"""The newest signed time, Unix milliseconds."""

TOLERANCE_MS = 2000  # boards keep whole seconds, and an answer takes a moment
PAUSE_MS = 3600000  # between two steps: a keeper gone mad costs a record an hour, not the journal
REMEMBER_MS = 3600000  # how old the time on flash may be; spares the flash
PATIENCE_MS = 5 * 366 * 86400000
"""A clock further ahead of the newest signed time than this is not believed: longer than any scale lies in a store."""

ANSWER_MS = 30000
"""A time counts as now for so long after the question (spec 14.5)."""


class ClockKeeper:
    """The clock for everybody else: ``now_ms()``, ``set_ms()``, ``ticks_ms()``. ``quality`` is a word of
    ``CLOCK_QUALITIES``: unknown (started at the floor), rtc (kept by the battery), signed, drifted (known to be wrong).
    """

    def __init__(self, board: object, root: str) -> None:
        """Read the floor under ``root``; ``board`` is ``hal.clock``."""
        self._board = board
        self._path = root + "/" + FILE
        self._kept_ms = self._read()
        self._ahead_ms = 0  # of the board's clock, until that is on record
        self._rest_until = None
        self.floor_ms = max(self._kept_ms, _enrolled_ms(root))
        self.quality = "rtc" if self._kept_ms else "unknown"
        self.first_seq = 0  # of this power-on
        self.ticks_ms = board.ticks_ms

    def now_ms(self) -> int:
        """Unix milliseconds, as good as this device knows."""
        return self._board.now_ms() + self._ahead_ms

    def set_ms(self, unix_ms: int) -> None:
        """Set the board's clock; for ``History.set_clock``, which has put the record on flash."""
        self._board.set_ms(unix_ms)
        self._ahead_ms = 0

    def start(self, history: "History") -> None:
        """Start ``history`` at no time before the floor; a clock that was moved is on record when this returns."""
        self.first_seq = history.head.seq + 1
        before_ms = self._board.now_ms()
        newest_ms = max(self.floor_ms, history.time_ms)
        latest_ms = self.floor_ms + PATIENCE_MS if self.floor_ms else max(before_ms, newest_ms)
        if newest_ms > latest_ms:  # written while the clock was broken
            newest_ms = self.floor_ms
        if not newest_ms <= before_ms <= latest_ms:
            self._ahead_ms = newest_ms - before_ms
            self.quality = "unknown"
        history.start()
        if self._ahead_ms:
            body = {"before_ms": max(0, before_ms), "source": number(CLOCK_SOURCES, "floor")}
            try:
                history.write([(record.CLOCK, body)])
            except Unavailable:
                return  # full, or set back: the board's own clock stays, everybody here goes by the floor
            # On flash. A crash here: the board's clock is as it was, and the next start says the same again.
            self.set_ms(self.now_ms() + 999)  # to the second above: a board drops the rest, and time never goes back

    def accept(self, unix_ms: int, age_ms: int, source: str, history: "History") -> None:
        """Take a time that a keeper signed within the last ``age_ms``; a clock that is off is set, with a record.

        ``Rejected("clock.replay")`` for a time before the floor, ``Unavailable`` when the journal has no room for the
        record; nothing changes then.
        """
        self.require_news(unix_ms)
        is_off = abs(unix_ms - self.now_ms()) > TOLERANCE_MS + age_ms
        if is_off and self._is_resting():
            self.quality = "drifted"
            return
        if is_off:
            history.set_clock(unix_ms, source)
            self._rest_until = time.ticks_add(self.ticks_ms(), PAUSE_MS)
        self.quality = "signed"
        self.floor_ms = unix_ms
        if is_off or unix_ms - self._kept_ms >= REMEMBER_MS:
            self._remember(unix_ms)

    def require_news(self, unix_ms: int) -> None:
        """Raise ``Rejected("clock.replay")`` for a time before the floor."""
        if unix_ms < self.floor_ms:
            raise Rejected("clock.replay", "%d, floor %d" % (unix_ms, self.floor_ms))

    def readings(self) -> "dict[str, int]":
        """Return health fields of the clock."""
        return {"clock_quality": number(CLOCK_QUALITIES, self.quality)}

    def _is_resting(self) -> bool:
        if self._rest_until is not None and time.ticks_diff(self.ticks_ms(), self._rest_until) >= 0:
            self._rest_until = None
        return self._rest_until is not None

    def _remember(self, unix_ms: int) -> None:
        try:
            with open(self._path, "wb") as stream:
                stream.write(cbor.encode(unix_ms))
        except OSError:
            return  # an older floor is still true; flash that fails shows at the next record
        self._kept_ms = unix_ms

    def _read(self) -> int:
        try:
            with open(self._path, "rb") as stream:
                return int(cbor.decode(stream.read()))
        except (OSError, Rejected, TypeError, ValueError):
            return 0  # never told, or cut off while it was first written


class Challenge:
    """What makes a signed time fresh: the number of a record that nobody can have heard before it was sent.

    ``first_seq`` is the first record of this power-on: it and all that follow were never sent before.
    """

    def __init__(self, first_seq: int) -> None:
        self._next_seq = first_seq
        self._asked_seq = self._asked_ms = 0

    def sent(self, seq: int, now_ms: int) -> None:
        """Note that ``seq`` goes out now; one that goes out again asks nothing."""
        if seq < self._next_seq:
            return
        self._next_seq = seq + 1
        if not self._asked_seq or now_ms - self._asked_ms > ANSWER_MS:
            self._asked_seq, self._asked_ms = seq, now_ms

    def age_ms(self, seq: int, now_ms: int) -> "int | None":
        """Return how old an answer to ``seq`` can be at most; None for a record of long ago, which asked nothing.

        ``Rejected("clock.unasked")`` for one that was not sent yet, ``Rejected("clock.late")`` after ANSWER_MS.
        """
        if seq >= self._next_seq:
            raise Rejected("clock.unasked", "answers record %d" % seq)
        if not self._asked_seq or seq < self._asked_seq:
            return None
        if now_ms - self._asked_ms > ANSWER_MS:
            raise Rejected("clock.late", "record %d was sent %d ms ago" % (seq, now_ms - self._asked_ms))
        return now_ms - self._asked_ms


def _enrolled_ms(root: str) -> int:
    """When this device got its certificate: a moment that has certainly passed."""
    try:
        with open(root + "/tls_cert.der", "rb") as stream:
            return validity.dates(stream.read())[0]
    except (OSError, Rejected):
        return 0  # uplink says what is wrong with it
