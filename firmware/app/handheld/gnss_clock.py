"""Satellite time may set the board's clock: with a clock record before it, never silently, and not often.

A receiver can be wrong or lied to (old ones repeat after 19.6 years, transmitters are cheap). A step is believed only
when three sentences in a row say the same, never to a time before this firmware existed, and at most once an hour: a
hostile antenna can cost a record an hour, not the journal.
"""

import time

from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.history import History
    from device.publisher import Publisher

    from handheld.nmea import Receiver

TOLERANCE_MS = 2000
"""A sentence arrives up to a second after the moment it names; a clock within two is left alone."""

CONFIRMATIONS = 3
PAUSE_MS = 3600000
EARLIEST_MS = 1767225600000  # 2026-01-01: the year of this firmware


class GnssClock:
    """Compares the receiver's time with ``clock`` and has ``history`` set it, with a record of source "gnss"."""

    def __init__(self, clock: object, history: "History", publisher: "Publisher") -> None:
        self._clock = clock
        self._history = history
        self._publisher = publisher
        self._heard_ms = None
        self._step_ms = 0
        self._agreeing = 0
        self._rest_until = None

    def consider(self, receiver: "Receiver") -> None:
        """Look at the receiver's newest time, each only once."""
        if receiver.utc_ms is None or receiver.utc_ms == self._heard_ms or self._is_resting():
            return
        self._heard_ms = receiver.utc_ms
        step_ms = receiver.utc_ms - self._clock.now_ms()
        if abs(step_ms) <= TOLERANCE_MS or receiver.utc_ms < EARLIEST_MS:
            self._agreeing = 0
            return
        agrees = self._agreeing and abs(step_ms - self._step_ms) <= TOLERANCE_MS
        self._agreeing = self._agreeing + 1 if agrees else 1
        self._step_ms = step_ms
        if self._agreeing >= CONFIRMATIONS:
            self._set(receiver.utc_ms)

    def _set(self, utc_ms: int) -> None:
        self._agreeing = 0
        self._rest_until = time.ticks_add(self._clock.ticks_ms(), PAUSE_MS)
        try:
            self._history.set_clock(utc_ms, "gnss")
        except Unavailable:
            return  # no room for the record, so the clock stays as it is; the screen says that the journal is full
        self._publisher.wake()

    def _is_resting(self) -> bool:
        if self._rest_until is not None and time.ticks_diff(self._clock.ticks_ms(), self._rest_until) >= 0:
            self._rest_until = None
        return self._rest_until is not None
