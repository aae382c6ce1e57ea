"""The chip's watchdog: once started it cannot be stopped, and resets the board when it is not fed."""

from machine import WDT


class Watchdog:
    """Must be fed at least every ``timeout_ms`` milliseconds."""

    def __init__(self, timeout_ms: int) -> None:
        self._timer = WDT(timeout=timeout_ms)

    def feed(self) -> None:
        """Show that the firmware makes progress."""
        self._timer.feed()
