"""The printer as a device uses it: prints, or says in words and in a record that it cannot.

A printer that begins to fail is an audit event, once: a scale that "had no paper" all morning is a known excuse.
"""

from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.history import History
    from hal.printer import Printer

OK = "ok"


class Paper:
    """One printer. ``screen`` has ``refuse(code)``."""

    def __init__(self, printer: "Printer", screen: object, history: "History") -> None:
        self._printer = printer
        self._screen = screen
        self._history = history
        self._last_status = OK

    def put(self, escpos: bytes) -> bool:
        """Print one slip and tell whether it went to the printer; what it is about is in the journal already."""
        status = self._printer.status()
        if status == OK:
            self._printer.print(escpos)
        else:
            self._screen.refuse("printer." + status)
            if status != self._last_status:
                self._report(status)
        self._last_status = status
        return status == OK

    def _report(self, status: str) -> None:
        try:
            self._history.audit("printer_fault", status)
        except Unavailable as refusal:
            self._screen.refuse(refusal.code)
