"""What a scale without a pan hears: the device's real downlink, shelf, clock keeper, price list and lots.

Power goes before, while and after a statement comes to stand on flash, and each step is told to the judge.
"""

from pathlib import Path
from typing import Any

from tracewire import feed
from tracewire.errors import Rejected

from simulators.simulation import firmware
from simulators.simulation.clockwork import PowerCut, World
from simulators.simulation.judge import Judge

GOODS = [[1, "五花肉", "五花肉".encode("gbk"), 3600]]
"""The price list that enrolment left."""
LOADED = "pan loaded"


class Hearing:
    """``downlink`` is for the link; ``lots`` and ``stops`` are asked before a sale."""

    def __init__(self, world: World, downlink: Any, root: str, history: Any) -> None:
        self.downlink = downlink
        self._prices = firmware.plu.load(root)
        self._root = root
        desk = firmware.downlink_desk.DownlinkDesk(downlink, self._prices, _Pan(world), _Screen(), history)
        self.lots = desk.lots
        self.stops = firmware.downlink_stops.Stops(downlink, history)

    def in_force(self, kind: int) -> list[list[Any]]:
        """Return what this device goes by, as the rows of a statement."""
        if kind != feed.PRICES:
            return [list(row) for row in self.downlink.shelf.body(kind)]
        prices = firmware.plu.load(self._root)
        goods = (prices.goods(number) for number in range(1, 100) if prices.names([number]))
        return [[each.number, each.name, each.name_gbk, each.price_fen_per_kg] for each in goods]


class StandingShelf(firmware.downlink_shelf.Shelf):  # type: ignore[misc]  # device code is checked on its own
    """The shelf, with power cuts around its commit point."""

    def __init__(self, world: World, judge: Judge, device: str, root: str) -> None:
        self._world, self._judge, self._device = world, judge, device
        super().__init__(root)
        own = firmware.downlink_shelf.Shelf
        judge.woke(device, {kind: own.serial(self, kind) for kind in range(len(feed.KINDS))})

    def keep(self, statement: Any) -> None:
        self._maybe_tear()
        super().keep(statement)
        self._judge.acted(self._device, statement)
        self._world.maybe_cut(self._device, "after a statement stands")

    def _maybe_tear(self) -> None:
        """Perhaps lose power while the new file is written: beside the one in force lies a part of it."""
        try:
            self._world.maybe_cut(self._device, "while a statement is written")
        except PowerCut:
            Path(self._path + ".new").write_bytes(b"\x9f")
            raise


class ProvenClock(firmware.clock_keeper.ClockKeeper):  # type: ignore[misc]  # device code is checked on its own
    """The clock keeper; whenever it believes a signed time, the time must be right."""

    def __init__(self, world: World, judge: Judge, board: Any, root: str) -> None:
        self._world, self._judge = world, judge
        super().__init__(board, root)

    def accept(self, unix_ms: int, age_ms: int, source: str, history: Any) -> None:
        super().accept(unix_ms, age_ms, source, history)
        if self.quality == "signed":
            self._judge.signed_time(self.now_ms() - self._world.now_ms())


class _Pan:
    """Says whether goods lie on it: then a price list waits."""

    def __init__(self, world: World) -> None:
        self._world = world

    def require_empty(self) -> None:
        if self._world.happens(LOADED):
            raise Rejected("weighing.loaded")


class _Screen:
    def say(self, _line: str) -> None:
        """Show it to nobody."""
