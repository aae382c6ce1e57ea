"""Hands out slips of sales; a printer that cannot changes nothing about the sale (``device.paper``).

A slip that could not be printed is owed: one key prints what is owed when there is paper again, marked 补打.
"""

from scale import slip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.paper import Paper
    from tracewire.record import Record

    from scale.plu import Plu

AGAIN_KEY = "digit0"


class SlipDesk:
    """One printer, and the words that head each of its slips."""

    def __init__(self, paper: "Paper", letterhead: slip.Letterhead) -> None:
        self._paper = paper
        self._letterhead = letterhead

    def issue(self, goods: "Plu", sale: "Record", sealed: bytes, is_preset: bool) -> None:
        """Print the slip of a sale that is in the journal, or owe it; ``is_preset``: its tare was keyed in."""

        def compose(is_again: bool = True) -> bytes:
            return slip.compose(self._letterhead, goods, sale, sealed, is_preset, is_again)

        self._paper.issue([compose(is_again=False)], compose)

    def take(self, key: str) -> bool:
        """Tell whether ``key`` was for printing what is owed."""
        return key == AGAIN_KEY and self._paper.print_owed()
