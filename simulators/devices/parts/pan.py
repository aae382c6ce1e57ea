"""The load receptor: a pan, a platform or a rail, and what lies or hangs there."""

from tracewire.errors import Rejected

from simulators.devices import kinds
from simulators.devices.parts.part import Part, reach
from simulators.scale_process import ScaleProcess


class Pan(Part):
    """``{"pan": {"goods": ["belly"], "loose_grams": 0}}`` says what lies on it from now on."""

    name = "pan"

    def __init__(self, kind: kinds.Pan, board: ScaleProcess) -> None:
        super().__init__()
        self._kind = kind
        self._board = board
        self._goods: list[str] = []
        self._loose_grams = 0
        self.hands = {"pan": self._lay}

    def state(self) -> object:
        """Return what lies there, and how much it is."""
        return {"goods": self._goods, "loose_grams": self._loose_grams, "grams": self._grams()}

    async def _lay(self, load: object) -> None:
        if not isinstance(load, dict):
            raise Rejected("hand.pan", repr(load)[:80])
        goods, loose = load.get("goods"), load.get("loose_grams")
        known = [one.name for one in self._kind.goods]
        if not isinstance(goods, list) or not all(one in known for one in goods) or len(set(goods)) != len(goods):
            raise Rejected("hand.goods", repr(goods)[:80])
        if type(loose) is not int or not 0 <= loose <= self._kind.loose_grams:
            raise Rejected("hand.grams", repr(loose)[:80])
        self._goods, self._loose_grams = goods, loose
        await reach(self._board.put_load(self._grams()))

    def _grams(self) -> int:
        return sum(one.grams for one in self._kind.goods if one.name in self._goods) + self._loose_grams
