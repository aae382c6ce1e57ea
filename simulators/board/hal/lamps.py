"""Lamps of the virtual board: panel message ``lamps``, the names of those that are lit."""

from hal.panel import plug


class Lamps:
    """Small lights beside the display: "zero" "stable" "net" "link" "pending" "alarm"."""

    def __init__(self) -> None:
        self._panel = plug()

    def show(self, lit: "list[str]") -> None:
        """Light exactly the lamps named in ``lit``."""
        self._panel.send("lamps", lit)
