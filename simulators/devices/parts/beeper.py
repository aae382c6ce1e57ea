"""The beeper: which sound came last, and how many there were, so that the same one is heard twice."""

from simulators.devices.parts.part import Part
from simulators.scale_process import ScaleProcess


class Beeper(Part):
    """Only makes itself heard."""

    name = "beeper"

    def __init__(self, board: ScaleProcess) -> None:
        super().__init__()
        self._board = board

    def state(self) -> object:
        """Return the last sound, "" before the first, and its number since power-on."""
        beeps = self._board.beeps
        return {"sound": beeps[-1] if beeps else "", "number": len(beeps)}
