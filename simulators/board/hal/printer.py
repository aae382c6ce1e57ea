"""Slip printer of the virtual board: panel message ``slip`` in hex; the panel sends ``printer`` with its state."""

from hal.panel import plug


class Printer:
    """Prints whatever it is given while it has paper; without, the bytes go nowhere, as on a real one."""

    def __init__(self) -> None:
        self._panel = plug()
        self._status = "ok"
        self._panel.on("printer", self._set)

    def print(self, escpos: bytes) -> None:
        """Put one slip on paper."""
        if self._status == "ok":
            self._panel.send_hex("slip", escpos)

    def status(self) -> str:
        """Return "ok", "paper_out" or "jam"."""
        return self._status

    def _set(self, status: str) -> None:
        self._status = status
