"""Hands out slips, and says so when the printer cannot: the sale counts all the same.

A printer that begins to fail is an audit event, once: a scale that "had no paper" all morning is a known excuse.
"""

from tracewire.errors import Unavailable

from scale import slip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.history import History
    from hal.printer import Printer
    from tracewire.record import Record

    from scale.plu import Plu
    from scale.screens import Screen

OK = "ok"


class SlipDesk:
    """One printer and the words that head each of its slips."""

    def __init__(self, printer: "Printer", screen: "Screen", history: "History", letterhead: slip.Letterhead) -> None:
        self._printer = printer
        self._screen = screen
        self._history = history
        self._letterhead = letterhead
        self._last_status = OK

    def issue(self, goods: "Plu", sale: "Record", sealed: bytes) -> None:
        """Print the slip of a sale that is in the journal."""
        status = self._printer.status()
        if status == OK:
            self._printer.print(slip.compose(self._letterhead, goods, sale, sealed))
        else:
            self._screen.refuse("printer." + status)
            if status != self._last_status:
                self._report(status)
        self._last_status = status

    def _report(self, status: str) -> None:
        try:
            self._history.audit("printer_fault", status)
        except Unavailable as refusal:
            self._screen.refuse(refusal.code)
