"""The scanner of a handheld, and what can be held before it: marks, labels, and every slip printed on this page."""

from tracewire.errors import Rejected

from simulators.devices.face import Face
from simulators.devices.parts.part import Part, reach
from simulators.devices.shelf import Shelf
from simulators.handheld_process import HandheldProcess

SLIPS_SHOWN = 3


class Scanner(Part):
    """``{"scan": "mark"}`` holds a code before it, ``{"scan": ["scale-0001", 1]}`` a slip."""

    name = "scanner"

    def __init__(self, face: Face, board: HandheldProcess, shelf: Shelf) -> None:
        super().__init__()
        self._codes = face.codes
        self._board = board
        self._shelf = shelf
        self.hands = {"scan": self._scan}

    def things(self) -> object:
        """Return the codes that stand about; what is in them stays here."""
        return [{"name": code.name, "label": code.label, "style": code.style} for code in self._codes]

    def state(self) -> object:
        """Return the newest slips of all devices."""
        newest = [slip for slip in self._shelf.slips if slip.url][-SLIPS_SHOWN:]
        return {"slips": [{"device": slip.device, "number": slip.number} for slip in reversed(newest)]}

    async def _scan(self, what: object) -> None:
        await reach(self._board.scan(self._text_of(what)))

    def _text_of(self, what: object) -> bytes:
        code = next((code for code in self._codes if code.name == what), None)
        if code is not None:
            return code.text
        match what:
            case [str(device), int(number)] if slip := self._shelf.find(device, number):
                return slip.url.encode()
        raise Rejected("hand.scan", repr(what)[:80])
