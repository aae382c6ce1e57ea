"""What every device builds at power-on, whatever it is for: signer, journal, history, the way up, watchdog, heartbeat.

    root = core.begin()
    device = Core(root, settings, boot)
    …                                   what a power cut left half done is mended
    device.start("weigh")
    …                                   the program's own parts
    await device.run(readings, is_busy, app.weigh(), …)

Nothing is caught here. A device whose signer is unsound or whose configuration is broken must not work; a task that
dies ends the program, the watchdog starves and the board begins again from its journal.
"""

import asyncio
import gc
import sys

from device.clock_keeper import ClockKeeper
from device.health import Heart
from device.history import History
from device.journal import Journal
from device.keystore import KeyStore
from device.mark import Mark
from device.watchdog import Watchdog
from hal import clock, entropy, flash, nvram, radio
from hal.watchdog import Watchdog as BoardWatchdog
from tracewire import feed, p256
from update import upkeep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from device.config import Config

WATCHDOG_MS = 8000  # the longest that every board of ours can do (RP2040: 8.3 s)
LOOP_SILENT_MS = 5000  # a hundred samples of a load cell missed: it or the scheduler is stuck
JOURNAL_STUCK_MS = 60000  # flash that takes no record for so long: a restart may help, and is on record if it does
COLLECT_EVERY_BYTES = 8192  # early and often: short pauses, and free memory stays in large pieces


def begin() -> str:
    """Test the signer, mount the flash and return its root; ``Misuse`` or ``Unavailable`` ends the power-on."""
    p256.self_test()
    gc.threshold(COLLECT_EVERY_BYTES)
    return flash.mount()


def forget(*modules: str) -> None:
    """Give back the heap of modules that are needed at power-on only; nobody may hold a function of theirs."""
    for name in modules:
        package, _, module = name.rpartition(".")
        del sys.modules[name]
        delattr(sys.modules[package], module)
    gc.collect()


class Core:
    """``key``, ``journal``, ``keeper`` and ``history`` from the beginning; ``publisher``, ``client``, ``downlink`` and
    ``progress``, which is the watchdog's, once it is started.

    ``settings`` has what ``uplink`` asks for; ``boot`` is the body of the boot record.
    """

    def __init__(self, root: str, settings: "Config", boot: "dict[str, object]") -> None:
        self.root = root
        self.settings = settings
        self.key = KeyStore(root, entropy.read)
        self.journal = Journal(root + "/journal", settings.journal_bytes)
        self._boot = boot
        self._release = upkeep.introduce(root, boot)
        self.keeper = ClockKeeper(clock, root)
        self.history = History(self.journal, self.key, self.keeper, boot, Mark(nvram, self.key.kid))

    def start(self, loop: str) -> None:
        """Begin the history, build the ways up and down, and watch the program's ``loop`` and the journal."""
        from device import uplink  # noqa: PLC0415 (needed now and never again)

        self.keeper.start(self.history)
        self.publisher, self.client, self.downlink = uplink.build(
            self.root, self.settings, self.history, self.journal, self.key, self.keeper
        )
        del uplink
        forget("device.uplink")
        limits_ms = {loop: LOOP_SILENT_MS, "journal": JOURNAL_STUCK_MS}
        self._watchdog = Watchdog(BoardWatchdog(WATCHDOG_MS).feed, clock.ticks_ms, limits_ms)
        self.progress = self._watchdog.progress

    async def run(
        self,
        readings: "Sequence[Callable[[], dict[str, int]]]",
        is_busy: "Callable[[], bool]",
        *tasks: "Coroutine[None, None, None]",
    ) -> None:
        """Run the program's ``tasks`` beside the core's own, for ever.

        ``readings`` return the program's fields of a health record; ``is_busy()`` tells whether somebody is served.
        """
        heart = Heart(
            self.journal,
            self.history,
            self.publisher,
            self._boot["cause"],
            self.keeper.readings,
            self.downlink.readings,
            *readings,
        )
        firmware = upkeep.Upkeep(
            self.root, self._release, self.history, self.publisher, is_busy, self._watchdog.is_well
        )
        firmware.report()
        self.downlink.on(feed.FIRMWARE, firmware.hear)
        await asyncio.gather(
            self.publisher.run(self.client),
            self._go_online(),
            heart.beat(),
            self._watchdog.run(),
            firmware.run(),
            *tasks,
        )

    async def _go_online(self) -> None:
        """Bring the network up, then keep the connection to the gateway; work does not wait for either."""
        await radio.connect()
        await self.client.run()
