"""Keys of the virtual board: panel message ``key``, one name per press."""

from hal.panel import plug


class Keypad:
    """Presses arrive in order; none is lost while the firmware is busy."""

    def __init__(self, _keys: "tuple[tuple[str, ...], ...]" = ()) -> None:
        """Take any layout; the panel names its keys itself."""
        self._presses = plug().inbox("key")

    async def next_key(self) -> str:
        """Wait for a press and return its name."""
        return await self._presses.get()
