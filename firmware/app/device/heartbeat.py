"""A device that sells nothing still speaks: one health record at least every 15 minutes (spec 3.3).

Why: a later record convicts an earlier hole only if there is a later record, and ops must see a silent device at once.
"""

import asyncio

from device.history import History
from tracewire import record
from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PERIOD_MS = 14 * 60 * 1000  # a minute before it is due, because loops run late


class Heartbeat:
    """Seals what ``measure()`` returns, the body of a health record; ``missed`` counts those that had no room."""

    def __init__(
        self,
        history: History,
        measure: "Callable[[], dict[str, object]]",
        on_sealed: "Callable[[], None]",
        period_ms: int = PERIOD_MS,
    ) -> None:
        self._history = history
        self._measure = measure
        self._on_sealed = on_sealed
        self._period_ms = period_ms
        self.missed = 0

    def beat(self) -> None:
        """Seal one health record now; a full journal makes it miss, and the device goes on."""
        try:
            self._history.write([(record.HEALTH, self._measure())])
        except Unavailable:
            self.missed += 1
            return
        self._on_sealed()

    async def run(self) -> None:
        """Beat for ever, for the first time at once."""
        while True:
            self.beat()
            await asyncio.sleep_ms(self._period_ms)
