"""Hands out slips of sales; a printer that cannot changes nothing about the sale (``device.paper``)."""

from scale import slip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.paper import Paper
    from tracewire.record import Record

    from scale.plu import Plu


class SlipDesk:
    """One printer and the words that head each of its slips."""

    def __init__(self, paper: "Paper", letterhead: slip.Letterhead) -> None:
        self._paper = paper
        self._letterhead = letterhead

    def issue(self, goods: "Plu", sale: "Record", sealed: bytes, is_preset: bool = False) -> None:
        """Print the slip of a sale that is in the journal; ``is_preset``: its tare was keyed in."""
        self._paper.put(slip.compose(self._letterhead, goods, sale, sealed, is_preset))
