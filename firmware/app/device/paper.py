"""The printer as a device uses it: prints; or says in words and in a record that it cannot, and owes the paper.

A printer that begins to fail is an audit event, once: a scale that "had no paper" all morning is a known excuse.

What is owed lies on flash until it is on paper, one small file of printer bytes for each, because the journal lets go
of a record when the cloud has it. At most ``MOST``; then the oldest is given up, whose customer has left long ago: what
it says is in the ledger all the same.
"""

import os

from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from device.history import History
    from hal.printer import Printer

OK = "ok"
MOST = 24

_FOLDER = "/paper"
_AT_ONCE = 6  # papers for one press of a key: a second of printing, in which nothing is weighed


class Paper:
    """One printer. ``screen`` has ``refuse(code)`` and ``reprinted(count, left)``; ``owed`` are file numbers, oldest
    first."""

    def __init__(self, printer: "Printer", screen: object, history: "History", root: str) -> None:
        self._printer = printer
        self._screen = screen
        self._history = history
        self._folder = root + _FOLDER
        self._last_status = OK
        try:
            self.owed = sorted([int(name) for name in os.listdir(self._folder)])
        except OSError:
            self.owed = []  # the folder is made with the first of them

    def readings(self) -> "dict[str, object]":
        """Return the printer's health fields."""
        return {"printer": self._printer.status(), "slips_owed": len(self.owed)}

    def issue(self, papers: "Iterable[bytes]", later: "Callable[[], bytes] | None" = None) -> None:
        """Print each, or owe it and then say why; what they are about is in the journal already.

        ``later`` composes what is owed when that differs from what was to be printed. What is owed is on flash when the
        screen says why, unless it says "slip.flash". A crash before that: the paper may lack, and nothing else does.
        """
        status, is_kept = OK, True
        for escpos in papers:
            now = self._printer.status()
            if now == OK:
                self._printer.print(escpos)
            else:
                status = now
                is_kept = self._owe(later() if later else escpos) and is_kept
        self._note(status)
        if not is_kept:
            self._screen.refuse("slip.flash")

    def put(self, papers: "Iterable[bytes]") -> bool:
        """Print one after another; False when the printer stopped, and nothing is owed then."""
        for escpos in papers:
            status = self._printer.status()
            if status == OK:
                self._printer.print(escpos)
            self._note(status)
            if status != OK:
                return False
        return True

    def print_owed(self) -> bool:
        """Print as much of what is owed as one press does; False when nothing is."""
        if not self.owed:
            return False
        done = 0
        for number in self.owed[:_AT_ONCE]:
            escpos = self._read(number)
            if escpos and not self.put([escpos]):
                return True
            self._forget(number)
            done += 1
        self._screen.reprinted(done, len(self.owed))
        return True

    def _owe(self, escpos: bytes) -> bool:
        """Keep what could not be printed; tell whether it is on flash."""
        number = self.owed[-1] + 1 if self.owed else 1
        try:
            if not self.owed:
                self._make_folder()
            with open(self._path(number), "wb") as file:
                file.write(escpos)
        except OSError:
            return False
        self.owed.append(number)
        if len(self.owed) > MOST:
            self._forget(self.owed[0])
        return True

    def _read(self, number: int) -> bytes:
        try:
            with open(self._path(number), "rb") as file:
                return file.read()  # nothing, when the power went while littlefs made the file
        except OSError:
            return b""

    def _forget(self, number: int) -> None:
        """Let go of what is on paper. A crash before it prints that once more."""
        self.owed.remove(number)
        try:
            os.remove(self._path(number))
        except OSError:
            return  # it comes back at the next power-on, and is printed once more

    def _make_folder(self) -> None:
        try:
            os.mkdir(self._folder)
        except OSError:
            os.stat(self._folder)  # is there from before

    def _path(self, number: int) -> str:
        return "%s/%08d" % (self._folder, number)

    def _note(self, status: str) -> None:
        """Say what is wrong with the printer, and put it on record when it begins."""
        before, self._last_status = self._last_status, status
        if status == OK:
            return
        self._screen.refuse("printer." + status)
        if status != before:
            try:
                self._history.audit("printer_fault", status)
            except Unavailable as refusal:
                self._screen.refuse(refusal.code)
