"""What goods lie on: the loop that every device which weighs runs twenty times a second, and the load it settles on.

Two sources of weight speak alike: a load cell, and a sealed weighing module (``module_source``).
"""

from device.config import MODULE
from hal import clock
from tracewire.errors import Unavailable

from scale.load import Load
from scale.screens import TARED, UNTARED, ZEROED
from scale.weighing import SILENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.config import Config
    from device.history import History
    from device.publisher import Publisher

    from scale.screens import Screen
    from scale.storage_line import StorageLine
    from scale.weighing import Reading, Weigher


def source_of_weight(settings: "Config") -> object:
    """Return what weighs: only the one that is mounted is imported, because the other costs heap."""
    if settings.weight_source == MODULE:
        from hal.weighing_module import WeighingModule  # noqa: PLC0415 (see above)

        from scale.module_source import ModuleSource  # noqa: PLC0415 (see above)

        return ModuleSource(WeighingModule())
    from hal.load_cell import LoadCell  # noqa: PLC0415 (see above)

    return LoadCell()


class Platform:
    """One place to weigh at: ``source`` counts, ``weigher`` judges; ``progress`` is the watchdog's."""

    def __init__(
        self,
        source: object,
        weigher: "Weigher",
        screen: "Screen",
        storage_line: "StorageLine",
        progress: "Callable[[str], None]",
    ) -> None:
        self._source = source
        self._weigher = weigher
        self._screen = screen
        self._storage_line = storage_line
        self._progress = progress

    async def weigh(self, notice: "Callable[[Reading, int], None]") -> None:
        """Follow the weight for ever; ``notice`` is told of each reading and when it was (monotonic ms)."""
        while True:
            reading = await self._read()
            notice(reading, clock.ticks_ms())
            self._screen.weight(reading)
            self._storage_line.show()
            self._progress("weigh")

    def take(self, key: str) -> bool:
        """Tell whether ``key`` was zero or tare, and answer it."""
        if key == "zero":
            self._weigher.zero()
            self._screen.say(ZEROED)
        elif key == "tare":
            self._screen.say(TARED if self._weigher.tare() else UNTARED)
        else:
            return False
        return True

    async def _read(self) -> "Reading":
        """Return the next reading; a source that has fallen silent shows nothing that could be sold."""
        try:
            counts = await self._source.next_counts()
        except Unavailable as refusal:
            if self._weigher.reading.state != SILENT:
                self._screen.refuse(refusal.code)
            return self._weigher.lose()
        return self._weigher.take(counts, self._source.is_steady)


class Loads:
    """The load that lies there, as ``current``, or None; each is recorded, sold or not.

    ``unsold`` counts the weighings since power-on that nothing followed.
    """

    def __init__(self, screen: "Screen", history: "History", publisher: "Publisher") -> None:
        self._screen = screen
        self._history = history
        self._publisher = publisher
        self.current = None
        self.unsold = 0

    def notice(self, reading: "Reading", now_ticks_ms: int) -> None:
        """Take a settled reading for the next load; record the one before it, or one that nobody has sold in time."""
        load = self.current
        if load and (reading.is_settled or load.is_due(now_ticks_ms)):
            self._keep(load, now_ticks_ms)
        if reading.is_settled:
            self.unsold += bool(load and not load.is_sold)
            self.current = Load(reading, reading.e_grams, now_ticks_ms)

    def _keep(self, load: Load, now_ticks_ms: int) -> None:
        try:
            load.keep(self._history, self._publisher)
        except Unavailable as refusal:
            load.wait_again(now_ticks_ms)
            self._screen.refuse(refusal.code)
