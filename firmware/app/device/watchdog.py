"""Feeds the board's watchdog only while everything that must move does move.

A timer that is fed by a timer proves nothing. Each loop that matters (weighing, publishing) reports ``progress`` by
name, and one silent loop is enough to starve the watchdog and restart the board; the journal makes a restart cheap.
"""

import asyncio
import time

from tracewire.errors import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PERIOD_MS = 1000  # well under the shortest watchdog of our boards, 8.3 s


class Watchdog:
    """``feed`` is the board's; ``limits_ms`` names each loop and how long it may be silent."""

    def __init__(self, feed: "Callable[[], None]", ticks_ms: "Callable[[], int]", limits_ms: "dict[str, int]") -> None:
        self._feed = feed
        self._ticks_ms = ticks_ms
        self._limits_ms = limits_ms
        self._seen = {name: ticks_ms() for name in limits_ms}

    def progress(self, name: str) -> None:
        """Report that a loop went round; ``Misuse`` for a loop that nobody declared."""
        if name not in self._seen:
            raise Misuse("watchdog.name", name)
        self._seen[name] = self._ticks_ms()

    def stalled(self) -> "list[str]":
        """Return the names of the loops that have been silent for too long."""
        now = self._ticks_ms()
        return [name for name, seen in self._seen.items() if time.ticks_diff(now, seen) > self._limits_ms[name]]

    def is_well(self) -> bool:
        """Tell whether no loop is stalled."""
        return not self.stalled()

    async def run(self, period_ms: int = PERIOD_MS) -> None:
        """Feed for as long as nothing is stalled; then stop feeding, and let the board reset."""
        while not self.stalled():
            self._feed()
            await asyncio.sleep_ms(period_ms)
