"""Hands out slips of sales; a printer that cannot changes nothing about the sale (``device.paper``).

A slip that could not be printed is owed: one key prints what is owed when there is paper again, marked 补打.
"""

from tracewire.errors import Unavailable

from scale import slip
from scale.screens import REPRINTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.paper import Paper
    from tracewire.record import Record

    from scale.owed_slips import OwedSlips
    from scale.plu import Plu
    from scale.screens import Screen

AGAIN_KEY = "digit0"

_AT_ONCE = 6  # slips for one press: a second of printing, in which nothing is weighed


class SlipDesk:
    """One printer, the words that head each of its slips, and the slips that it owes."""

    def __init__(self, paper: "Paper", letterhead: slip.Letterhead, owed: "OwedSlips", screen: "Screen") -> None:
        self._paper = paper
        self._letterhead = letterhead
        self._screen = screen
        self.owed = owed

    def issue(self, goods: "Plu", sale: "Record", sealed: bytes, is_preset: bool = False) -> None:
        """Print the slip of a sale that is in the journal, or keep it; ``is_preset``: its tare was keyed in."""
        if self._paper.put(slip.compose(self._letterhead, goods, sale, sealed, is_preset)):
            return
        try:
            self.owed.keep(goods, sale, sealed, is_preset)
        except Unavailable as refusal:
            self._screen.refuse(refusal.code)

    def take(self, key: str) -> bool:
        """Tell whether ``key`` was for printing what is owed; then as much of it was printed as one press does."""
        if key != AGAIN_KEY or not self.owed.numbers:
            return False
        done = 0
        for number in self.owed.numbers[:_AT_ONCE]:
            one = self.owed.read(number)
            if one and not self._paper.put(slip.compose(self._letterhead, *one, is_again=True)):
                return True
            self.owed.forget(number)
            done += 1
        self._screen.say(REPRINTED % (done, len(self.owed.numbers)))
        return True
