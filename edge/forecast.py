"""How long the buffer lasts: what the store grew by over the last minutes, against the room that is left.

Measured on the pages the store occupies, not on the sealed bytes: rows, indexes and history take as much room again.
While nothing grows the answer is None, "unknown": an outbox that drains has no last hour, so a fall begins the look
anew.
Rules only: samples come from whoever reads the store's size.
"""

from collections import deque

WINDOW_SECONDS = 600.0
"""How far back growth is measured: long enough for a market's lulls, short enough to notice that the cloud is gone."""
LEAST_SECONDS = 60.0
"""No answer from less than this: two samples of one bunch say nothing about an hour."""
SAMPLE_SECONDS = 10.0


class BufferForecast:
    """Samples of the occupied bytes over the window, oldest first. Read by other threads than the one that notes."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=round(WINDOW_SECONDS / SAMPLE_SECONDS) + 1)

    def note(self, now_s: float, used_bytes: int) -> None:
        """Take a sample at monotonic time ``now_s``; those that come too close are passed over."""
        if self._samples and used_bytes < self._samples[-1][1]:
            self._samples.clear()
        if not self._samples or now_s - self._samples[-1][0] >= SAMPLE_SECONDS:
            self._samples.append((now_s, used_bytes))

    def hours_left(self, free_bytes: int) -> float | None:
        """Return the hours until ``free_bytes`` are used up at the present growth; None when that is unknown."""
        samples = tuple(self._samples)
        if not samples:
            return None
        (first_s, first_bytes), (last_s, last_bytes) = samples[0], samples[-1]
        grown, seconds = last_bytes - first_bytes, last_s - first_s
        if seconds < LEAST_SECONDS or grown <= 0:
            return None
        return free_bytes * seconds / grown / 3600
