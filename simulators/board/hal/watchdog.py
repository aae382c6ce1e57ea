"""Watchdog of the virtual board: a feeding that comes too late ends the process, as a reset would.

A real one bites without being asked; this one notices at the next feeding, which is enough to fail a test.
"""

import sys
import time

from hal import clock


class Watchdog:
    """Must be fed at least every ``timeout_ms`` milliseconds."""

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._fed_ms = clock.ticks_ms()

    def feed(self) -> None:
        """Show that the firmware makes progress."""
        now_ms = clock.ticks_ms()
        if time.ticks_diff(now_ms, self._fed_ms) > self._timeout_ms:
            sys.stderr.write("watchdog: not fed in time\n")
            sys.exit(3)
        self._fed_ms = now_ms
