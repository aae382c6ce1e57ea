"""The chip's watchdog: once started it cannot be stopped, and resets the board when it is not fed.

The longest timeout of an RP2040 is 8388 ms, of an RP2350 16777 ms; a longer one is a ``ValueError``.
"""

from machine import WDT


class Watchdog:
    """Must be fed at least every ``timeout_ms`` milliseconds."""

    def __init__(self, timeout_ms: int) -> None:
        self._timer = WDT(timeout=timeout_ms)

    def feed(self) -> None:
        """Show that the firmware makes progress."""
        self._timer.feed()
