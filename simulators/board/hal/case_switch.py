"""Case of the virtual board: panel message ``case``, "open" or "closed"."""

from hal.panel import plug


class CaseSwitch:
    """Closed at power-on, unless the panel says otherwise."""

    def __init__(self) -> None:
        self._states = plug().inbox("case")
        self.is_open = False

    async def next_change(self) -> None:
        """Wait until ``is_open`` has changed."""
        before = self.is_open
        while self.is_open == before:
            self.is_open = await self._states.get() == "open"
