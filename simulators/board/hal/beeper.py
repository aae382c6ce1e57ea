"""Beeper of the virtual board: panel message ``beep``, the name of the sound."""

from hal.panel import plug


class Beeper:
    """Says what it would sound."""

    def __init__(self) -> None:
        self._panel = plug()

    def sound(self, name: str) -> None:
        """Sound "done", "flagged" or "refused"."""
        self._panel.send("beep", name)
