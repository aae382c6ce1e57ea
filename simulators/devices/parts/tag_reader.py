"""The reader at the rail, and what passes its antenna: ear tags, hooks, another species' tag, a damaged frame."""

from tracewire.errors import Rejected

from simulators import rail_process
from simulators.devices.parts.part import Part, reach
from simulators.rail_process import RailProcess

FIRST_PIG = 135082140018201
"""Pig, county 350821, animal 40018201: 15 digits; each new ear tag is the next one."""
CATTLE = "235082140018201"
NOISE = "$E1350821400$*0"
FIRST_HOOK = 12


class TagReader(Part):
    """``{"tag": "next"}`` brings the next ear tag before the antenna; "again", "hook", "cattle", "noise" others."""

    name = "tags"

    def __init__(self, board: RailProcess) -> None:
        super().__init__()
        self._board = board
        self._next, self._hook = FIRST_PIG, FIRST_HOOK
        self._last = ""
        self.hands = {"tag": self._read}

    def state(self) -> object:
        """Return the ear tag and the hook that come next, and the ear tag that came last."""
        return {"next": str(self._next), "hook": self._hook, "last": self._last}

    async def _read(self, what: object) -> None:
        if what == "next":
            self._last, self._next = str(self._next), self._next + 1
            frame = rail_process.frame("E", self._last)
        elif what == "again" and self._last:
            frame = rail_process.frame("E", self._last)
        elif what == "hook":
            frame = rail_process.frame("H", str(self._hook))
            self._hook += 1
        elif what == "cattle":
            frame = rail_process.frame("E", CATTLE)
        elif what == "noise":
            frame = NOISE
        else:
            raise Rejected("hand.tag", repr(what)[:80])
        await reach(self._board.read_frame(frame))
