"""Telling several people that something has changed; who is busy hears of the newest state, not of every one."""

import asyncio


class Bell:
    """Take `next_ring` first, then look, then await it: no change is missed in between."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits."""
        self._next.set()
        self._next = asyncio.Event()

    def next_ring(self) -> asyncio.Event:
        """Return the event that the next `ring` sets."""
        return self._next
