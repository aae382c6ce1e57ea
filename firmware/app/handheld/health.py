"""The heartbeat of the handheld: a health record at least every 15 minutes while it is on, also between visits."""

import asyncio
import gc
import time

from hal import power, radio
from tracewire import record
from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.history import History
    from device.journal import Journal
    from device.publisher import Publisher

    from handheld.nmea import Receiver

FIRST_BEAT_S = 20
HEARTBEAT_S = 840  # 14 minutes: one late beat still keeps the 15 of the design


class Heart:
    """Beats from power-on; ``refused`` counts the records that a full journal had no room for."""

    def __init__(
        self,
        ticks_ms: "Callable[[], int]",
        receiver: "Receiver",
        journal: "Journal",
        history: "History",
        publisher: "Publisher",
        boot_cause: int,
    ) -> None:
        self._ticks_ms = ticks_ms
        self._receiver = receiver
        self._journal = journal
        self._history = history
        self._publisher = publisher
        self._boot_cause = boot_cause
        self._last_ticks_ms = ticks_ms()
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
        """Return how the handheld is now; ``garbled`` are the damaged lines of its satellite receiver."""
        now = self._ticks_ms()
        self._uptime_ms += time.ticks_diff(now, self._last_ticks_ms)  # ticks wrap: add up in steps
        self._last_ticks_ms = now
        gc.collect()
        body = {
            "uptime_s": self._uptime_ms // 1000,
            "journal_pending": self._journal.pending,
            "journal_permille": self._journal.used_permille,
            "heap_free_bytes": gc.mem_free(),
            "refused": self.refused,
            "garbled": self._receiver.garbled,
            "storage": self._journal.state,
            "heap_low_bytes": self._history.heap_low_bytes,
            "event_counter": self._history.event_counter,
            "boot_cause": self._boot_cause,
        }
        body.update(power.readings())
        body.update(radio.readings())
        return body
