"""The printer: its state, the paper that hangs out of it, the slips that were torn off."""

import asyncio
import io

from tracewire.errors import Rejected

from simulators import printer
from simulators.devices.face import Face
from simulators.devices.parts.part import Part, reach
from simulators.devices.shelf import Shelf, Slip
from simulators.scale_process import ScaleProcess

STATES = ("ok", "paper_out", "jam")
SLIPS_SHOWN = 12


class Printer(Part):
    """``{"printer": "jam"}`` jams it, ``{"tear": true}`` tears off what hangs out of it."""

    name = "printer"

    def __init__(self, face: Face, board: ScaleProcess, shelf: Shelf) -> None:
        super().__init__()
        self.slips: list[Slip] = []
        self._face = face
        self._board = board
        self._shelf = shelf
        self._condition = STATES[0]
        self.hands = {"printer": self._treat, "tear": self._tear}

    def state(self) -> object:
        """Return its state and the newest slips."""
        slips = [{"number": s.number, "url": s.url, "torn": s.is_torn} for s in self.slips[-SLIPS_SHOWN:]]
        return {"condition": self._condition, "slips": slips}

    async def find_again(self) -> None:
        """Let the board find the printer as it is."""
        await self._board.set_printer(self._condition)

    async def notice(self) -> None:
        """Take the paper that has come out."""
        for escpos in self._board.slips[len(self.slips) :]:
            slip = await asyncio.to_thread(_draw, self._face, len(self.slips) + 1, escpos)
            self.slips.append(slip)
            self._shelf.put(slip)

    async def _treat(self, condition: object) -> None:
        if condition not in STATES:
            raise Rejected("hand.printer", repr(condition)[:80])
        self._condition = str(condition)
        await reach(self._board.set_printer(self._condition))

    async def _tear(self, _: object) -> None:
        for slip in self.slips:
            slip.is_torn = True


def _draw(face: Face, number: int, escpos: bytes) -> Slip:
    paper = printer.Printer().render(escpos)
    png = io.BytesIO()
    paper.image.save(png, "PNG", optimize=True)
    return Slip(face.name, number, png.getvalue(), paper.codes[0][0] if paper.codes else "")
