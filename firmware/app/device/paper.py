"""The printer as a device uses it: prints; or says in words and in a record that it cannot, and owes the paper.

A printer that begins to fail is an audit event, once: a scale that "had no paper" all morning is a known excuse.

What is owed lies on flash until it is on paper, because the journal lets go of a record when the cloud has it. What is
issued together lies in one file, since each file is an erase block: a zero, then each sheet behind its length in two
bytes. (An older release's file is one sheet as it is, and begins with the printer's ESC.) At most ``MOST`` sheets; then
the oldest file is given up, whose customer has left long ago: what it says is in the ledger all the same.
"""

import os
import struct

from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from device.history import History
    from hal.printer import Printer

OK = "ok"
MOST = 24

_FOLDER = "/paper"
_SHEETS = b"\0"  # how a file of ours begins
_AT_ONCE = 6  # sheets for one press of a key: a second of printing, in which nothing is weighed


class Paper:
    """One printer. ``screen`` has ``refuse(code)`` and ``reprinted(count, left)``; ``owed`` are files, oldest first, as
    ``[number, sheets, how many of them are on paper already]``."""

    def __init__(self, printer: "Printer", screen: object, history: "History", root: str) -> None:
        self._printer = printer
        self._screen = screen
        self._history = history
        self._folder = root + _FOLDER
        self._last_status = OK
        try:
            numbers = sorted([int(name) for name in os.listdir(self._folder)])
        except OSError:
            numbers = []  # the folder is made with the first of them
        self.owed = [[number, sum([1 for _ in self._sheets(number)]), 0] for number in numbers]

    def readings(self) -> "dict[str, object]":
        """Return the printer's health fields."""
        return {"printer": self._printer.status(), "slips_owed": self._left()}

    def issue(self, papers: "Iterable[bytes]", later: "Callable[[], bytes] | None" = None) -> None:
        """Print each, or owe it and all that follow, and then say why; what they are about is in the journal already.

        ``later`` composes what is owed when that differs from what was to be printed. What is owed is on flash, in one
        commit, when the screen says why, unless it says "slip.flash". A crash before that: the paper may lack, and
        nothing else does. Every one of ``papers`` is asked for, whatever becomes of it.
        """
        papers = iter(papers)
        status, is_kept = OK, True
        for escpos in papers:
            status = self._printer.status()
            if status == OK:
                self._printer.print(escpos)
            else:
                is_kept = self._owe(later() if later else escpos, papers)
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
        while self.owed and done < _AT_ONCE:
            oldest = self.owed[0]
            sheets = self._sheets(oldest[0], oldest[2], _AT_ONCE - done)
            for escpos in sheets:
                if not self.put([escpos]):
                    sheets.close()
                    return True
                oldest[2] += 1
                done += 1
            if done < _AT_ONCE or oldest[2] == oldest[1]:  # all that can be read of it
                self._forget(oldest)
        self._screen.reprinted(done, self._left())
        return True

    def _left(self) -> int:
        return sum([sheets - printed for _, sheets, printed in self.owed])

    def _owe(self, first: bytes, others: "Iterator[bytes]") -> bool:
        """Keep what could not be printed; tell whether it is on flash. ``others`` are asked for in any case."""
        kept = [self.owed[-1][0] + 1 if self.owed else 1, 0, 0]
        try:
            if not self.owed:
                self._make_folder()
            with open(self._path(kept[0]), "wb") as file:
                self.owed.append(kept)
                file.write(_SHEETS)
                escpos = first
                while escpos:
                    file.write(struct.pack(">H", len(escpos)))
                    file.write(escpos)
                    kept[1] += 1
                    escpos = next(others, None)
        except OSError:
            self.owed = [one for one in self.owed if one is not kept]
            for _ in others:
                pass
            return False
        while len(self.owed) > 1 and self._left() > MOST:
            self._forget(self.owed[0])
        return True

    def _sheets(self, number: int, first: int = 0, most: int = MOST) -> "Iterator[bytes]":
        """Yield up to ``most`` sheets of a file from the ``first`` on; none when the power went as it was made."""
        try:
            with open(self._path(number), "rb") as file:
                if file.read(1) not in (_SHEETS, b""):
                    file.seek(0)
                    yield file.read()
                    return
                size = file.read(2)
                while size and most > 0:
                    escpos = file.read(struct.unpack(">H", size)[0])
                    if first > 0:
                        first -= 1
                    else:
                        most -= 1
                        yield escpos
                    size = file.read(2)
        except OSError:
            return

    def _forget(self, done: "list[int]") -> None:
        """Let go of what is on paper. A crash before it prints that once more."""
        self.owed.remove(done)
        try:
            os.remove(self._path(done[0]))
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
