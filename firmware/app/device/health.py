"""The heartbeat of a device: a health record at least every 15 minutes, also when nothing is done.

Why: a later record convicts an earlier hole, so a silent device is either switched off or hiding something.
"""

import asyncio
import gc
import time

from device.journal import FULL, NEARLY_FULL, SET_BACK, WORN_OUT
from hal import clock, power, radio
from tracewire import record
from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.history import History
    from device.journal import Journal
    from device.publisher import Publisher

WARNINGS = {
    NEARLY_FULL: "journal.nearly_full",
    FULL: "journal.full",
    WORN_OUT: "journal.flash",
    SET_BACK: "journal.set_back",
}
"""What a screen says of the journal's state, long before nothing can be recorded any more."""

FIRST_BEAT_S = 20
"""Soon after power-on, when everything runs: the state the device came up in."""

HEARTBEAT_S = 840
"""14 minutes: one late beat still keeps the 15 of the design."""

LONGEST_HOURS = 8760
"""A year: said of a device that writes next to nothing."""

_MS_PER_HOUR = 3600000


class Heart:
    """Beats from power-on; ``refused`` counts the records that a full journal had no room for.

    ``boot_cause`` is its number in the boot record; ``readings`` return further health fields of other parts.
    """

    def __init__(
        self,
        journal: "Journal",
        history: "History",
        publisher: "Publisher",
        boot_cause: int,
        *readings: "Callable[[], dict[str, int]]",
    ) -> None:
        self._journal = journal
        self._history = history
        self._publisher = publisher
        self._boot_cause = boot_cause
        self._readings = readings
        self._last_ticks_ms = clock.ticks_ms()
        self._uptime_ms = 0
        self.refused = 0

    async def beat(self) -> None:
        """Seal one health record after another, for ever; a full journal skips a beat, the next one tries again."""
        wait_s = FIRST_BEAT_S
        while True:
            await asyncio.sleep(wait_s)
            wait_s = HEARTBEAT_S
            try:
                self._history.write([(record.HEALTH, self.body())])
                self._publisher.wake()
            except Unavailable:
                self.refused += 1

    def body(self) -> "dict[str, object]":
        """Return how the device is now."""
        now = clock.ticks_ms()
        self._uptime_ms += time.ticks_diff(now, self._last_ticks_ms)  # ticks wrap: add up in steps
        self._last_ticks_ms = now
        gc.collect()
        body = {
            "uptime_s": self._uptime_ms // 1000,
            "journal_pending": self._journal.pending,
            "journal_permille": self._journal.used_permille,
            "storage": self._journal.state,
            "heap_free_bytes": gc.mem_free(),
            "refused": self.refused,
            "flash_hours": self._flash_hours(),
            "boot_cause": self._boot_cause,
            "heap_low_bytes": self._history.heap_low_bytes,
            "event_counter": self._history.event_counter,
        }
        body.update(power.readings())
        body.update(radio.readings())
        for readings in self._readings:
            body.update(readings())
        return body

    def _flash_hours(self) -> int:
        """Whole hours until a full journal stops work, were nothing sent and all went on as since power-on."""
        written = max(1, self._journal.written_bytes)
        return min(LONGEST_HOURS, self._journal.room_bytes * self._uptime_ms // (written * _MS_PER_HOUR))
