"""Display of the virtual board: panel message ``screen``, a list of lines."""

from hal.panel import plug


class Display:
    """Text lines; what was sent last stays visible."""

    def __init__(self) -> None:
        self._panel = plug()

    def show(self, lines: "list[str]") -> None:
        """Replace the whole screen."""
        self._panel.send("screen", lines)
