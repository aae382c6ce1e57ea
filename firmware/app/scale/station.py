"""What every device that weighs builds at power-on beside the core: weight, storage line, printer, lock, type plate.

station = Station(("chengxin-scale 0.1.0", 1, "CX-S15"))
…                                   what a power cut left half done is mended
station.start(screen)
…                                   the device's own parts
await station.run(app, sign_in.serve_cards())
"""

from device import core
from device.core import Core
from device.lock import Lock
from device.paper import Paper
from device.refusals import Refusals
from hal import clock, entropy, power
from hal.case_switch import CaseSwitch
from hal.keypad import Keypad
from hal.printer import Printer

from scale import platform
from scale.lock_desk import LockDesk
from scale.storage_line import StorageLine
from scale.type_plate import TypePlate
from scale.weighing import Weigher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from device.config import Config

    from scale.screens import Screen
    from scale.weighing import Limits


class Station(Core):
    """One weighing device: a ``Core`` with ``plate``, and once started ``weigher``, ``platform``, ``storage_line``,
    ``card_refusals``, ``paper`` and ``lock_desk``."""

    def __init__(self, make: "tuple[str, int, str]") -> None:
        """Read what enrolment left; ``make`` as in ``identity.boot_body``. Raises ``Misuse`` when it is broken."""
        root = core.begin()
        settings, boot, limits = _told(root, make)
        core.forget("device.config", "scale.identity", "hal.firmware")
        self._lock = Lock(root, settings.name, entropy.read)
        Core.__init__(self, root, settings, boot)
        self.weigher = Weigher(limits)
        self.plate = TypePlate(boot, self.history)

    def start(self, screen: "Screen") -> None:
        """Begin the history and build what shows itself on ``screen``."""
        Core.start(self, "weigh")
        self._screen = screen
        self.paper = Paper(Printer(), screen, self.history, self.root)
        self.card_refusals = Refusals("card_refused", self.history, self.publisher, clock.ticks_ms)
        self.storage_line = StorageLine(
            screen, self.journal, self.publisher, self.client, self.progress, power.battery_percent
        )
        self.publisher.on_wake = self.storage_line.show
        source = platform.source_of_weight(self.settings)
        self.platform = platform.Platform(source, self.weigher, screen, self.storage_line, self.progress)
        self.lock_desk = LockDesk(self._lock, CaseSwitch(), screen, self.history, self.publisher)

    async def run(self, app: object, *tasks: "Coroutine[None, None, None]") -> None:
        """Weigh, answer keys and watch the case for ever, beside ``tasks`` and the core's.

        ``app`` is the device's flow: ``notice(reading, now_ticks_ms)`` of each reading, ``press(key)``, ``is_busy()``
        while somebody is served, ``readings()`` for its health fields.
        """
        await Core.run(
            self,
            (self._zero_drift, self.paper.readings, app.readings),
            app.is_busy,
            self.platform.weigh(app.notice),
            self._serve_keys(app.press),
            self.lock_desk.watch(),
            *tasks,
        )

    def _zero_drift(self) -> "dict[str, int]":
        return {"zero_drift_grams": self.weigher.zero_drift_grams}

    async def _serve_keys(self, press: "Callable[[str], None]") -> None:
        """Answer every key press; while the device is locked most keys are the lock's."""
        keypad = Keypad()
        while True:
            key = await keypad.next_key()
            self._screen.attempt(self._press, key, press)

    def _press(self, key: str, press: "Callable[[str], None]") -> None:
        if not self.lock_desk.take(key):
            press(key)


def _told(root: str, make: "tuple[str, int, str]") -> "tuple[Config, dict[str, object], Limits]":
    """Return configuration, boot record and metrological parameters; what reads them is not needed a second time."""
    from device import config  # noqa: PLC0415 (see above)

    from scale import identity  # noqa: PLC0415 (see above)

    settings = config.load(root)
    return settings, identity.boot_body(root, settings, make, power.boot_cause()), identity.limits(settings)
