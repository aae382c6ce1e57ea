"""Keys: one press each, on keys that the device has."""

from tracewire.errors import Rejected

from simulators.devices.kinds import Kind
from simulators.devices.parts.part import Part, reach
from simulators.scale_process import ScaleProcess


class Keypad(Part):
    """``{"key": "plu1"}`` presses a key."""

    name = "keypad"

    def __init__(self, kind: Kind, board: ScaleProcess) -> None:
        super().__init__()
        self._kind = kind
        self._board = board
        self.hands = {"key": self._press}

    async def _press(self, key: object) -> None:
        if not isinstance(key, str) or not self._kind.has_key(key):
            raise Rejected("hand.key", repr(key)[:80])
        await reach(self._board.press(key))
