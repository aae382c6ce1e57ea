"""Where the handheld is, as far as satellites told it: the last fix while it is young, and otherwise nothing.

A position is never carried on, averaged or guessed. Under a market roof the last fix serves for half a minute, with its
age beside it; then the record says "no fix", which is true and no shame.
"""

import time

from handheld.nmea import Receiver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from hal.gnss import Gnss

    from handheld.gnss_clock import GnssClock

FIX_LASTS_MS = 30000
"""Longest use of a fix after it was measured: a walk of 40 m, from the gate to a stall."""

NO_FIX = 0  # GGA quality
_FRESH_MS = 2000  # two sentences late: not worth a word


class Whereabouts:
    """Follows the receiver for ever (``follow``); ``fields`` is what a visit record says about its place."""

    def __init__(self, gnss: "Gnss", ticks_ms: "Callable[[], int]", gnss_clock: "GnssClock") -> None:
        self.receiver = Receiver()
        self._gnss = gnss
        self._ticks_ms = ticks_ms
        self._gnss_clock = gnss_clock

    async def follow(self) -> None:
        """Read whatever the receiver sends; its time may correct the clock."""
        while True:
            stream = await self._gnss.read()
            self.receiver.feed(stream, self._ticks_ms())
            self._gnss_clock.consider(self.receiver)

    def fields(self) -> "dict[str, int]":
        """Return the position's part of a visit's body, and only the quality when there is no position."""
        fix, age_ms = self._young_fix()
        if fix is None:
            return {"fix_quality": self.receiver.quality if self.receiver.quality > 5 else NO_FIX}
        return {
            "latitude_microdegrees": fix.latitude_microdegrees,
            "longitude_microdegrees": fix.longitude_microdegrees,
            "accuracy_mm": fix.accuracy_mm,
            "fix_quality": fix.quality,
            "fix_age_ms": age_ms,
        }

    def readings(self) -> "dict[str, int]":
        """Return its health field: the damaged lines of the receiver."""
        return {"garbled": self.receiver.garbled}

    def words(self) -> str:
        """Return what the inspector reads about the position."""
        fix, age_ms = self._young_fix()
        damaged = "  乱码%d行" % self.receiver.garbled if self.receiver.garbled else ""
        if fix is None:
            return "无定位" + damaged
        age = "（%d秒前）" % (age_ms // 1000) if age_ms > _FRESH_MS else ""
        return "定位 ±%d米%s%s" % ((fix.accuracy_mm + 999) // 1000, age, damaged)

    def _young_fix(self) -> "tuple[object, int]":
        """Return the fix and its age; an old one is forgotten at once, or the wrap of the ticks would make it young."""
        fix = self.receiver.fix
        if fix is None:
            return None, 0
        age_ms = time.ticks_diff(self._ticks_ms(), fix.ticks_ms)
        if age_ms > FIX_LASTS_MS:
            self.receiver.fix = None
            return None, 0
        return fix, age_ms
