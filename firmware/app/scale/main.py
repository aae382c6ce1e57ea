"""Power-on of a counter scale: test the signer, read what enrolment left, build the parts, run them.

Nothing is caught here. A scale whose signer is unsound or whose configuration is broken must not sell; a task that dies
ends the program, the watchdog starves and the board begins again from its journal.
"""

import asyncio
import gc
import os

from device import config, uplink
from device.clock_keeper import ClockKeeper
from device.history import History
from device.journal import Journal
from device.keystore import KeyStore
from device.lock import Lock
from device.mark import Mark
from device.paper import Paper
from device.watchdog import Watchdog
from hal import clock, entropy, flash, nvram, power
from hal.case_switch import CaseSwitch
from hal.display import Display
from hal.keypad import Keypad
from hal.lamps import Lamps
from hal.printer import Printer
from hal.watchdog import Watchdog as BoardWatchdog
from tracewire import feed, p256
from update import upkeep
from update.upkeep import Upkeep

from scale import plu, slip, type_plate
from scale.app import ScaleApp
from scale.downlink_desk import DownlinkDesk
from scale.health import Heart
from scale.keying import Keying
from scale.lock_desk import LockDesk
from scale.owed_slips import OwedSlips
from scale.screens import Screen
from scale.session import SessionStore
from scale.sign_in import SignIn
from scale.slip_desk import SlipDesk
from scale.storage_line import StorageLine
from scale.weighing import Weigher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.config import Config

CARD_KEYS_FILE = "card_keys.cbor"
WATCHDOG_MS = 8000  # the longest that every board of ours can do (RP2040: 8.3 s)
WEIGHING_SILENT_MS = 5000  # a hundred samples missed: the load cell or the scheduler is stuck
JOURNAL_STUCK_MS = 60000  # flash that takes no record for so long: a restart may help, and is on record if it does
COLLECT_EVERY_BYTES = 8192  # early and often: short pauses, and free memory stays in large pieces


async def run() -> None:
    """Build every part once and run the tasks for ever."""
    p256.self_test()
    gc.threshold(COLLECT_EVERY_BYTES)
    root = flash.mount()
    settings = config.load(root)
    key = KeyStore(root, entropy.read)
    journal = Journal(root + "/journal", settings.journal_bytes)
    lock = Lock(root, settings.name, entropy.read)
    boot = type_plate.boot_body(
        settings, power.boot_cause(), type_plate.identity(root), type_plate.software_digest(root)
    )
    release = upkeep.introduce(root, boot)
    keeper = ClockKeeper(clock, root)
    history = History(journal, key, keeper, boot, Mark(nvram, key.kid))
    keeper.start(history)

    publisher, client, downlink = uplink.build(root, settings, history, journal, key, keeper)
    prices = plu.load(root)
    weigher, printer, screen = Weigher(type_plate.limits(settings)), Printer(), Screen(Display(), Lamps())
    letterhead = slip.Letterhead(settings.stall_gbk, settings.name, settings.trace_prefix, settings.code_base)
    sign_in = SignIn(_card_source(root), SessionStore(root), prices, screen, history, publisher)
    lock_desk = LockDesk(lock, CaseSwitch(), screen, history, publisher)
    limits = {"weigh": WEIGHING_SILENT_MS, "journal": JOURNAL_STUCK_MS}
    watchdog = Watchdog(BoardWatchdog(WATCHDOG_MS).feed, clock.ticks_ms, limits)
    storage_line = StorageLine(screen, journal, publisher, client, watchdog.progress, power.battery_percent)
    downlink_desk = DownlinkDesk(downlink, prices, weigher, screen, history)
    app = ScaleApp(
        load_cell=_weight_source(settings),
        keypad=Keypad(),
        ticks_ms=clock.ticks_ms,
        weigher=weigher,
        prices=prices,
        sign_in=sign_in,
        screen=screen,
        history=history,
        publisher=publisher,
        storage_line=storage_line,
        slip_desk=SlipDesk(Paper(printer, screen, history), letterhead, OwedSlips(root), screen),
        lock_desk=lock_desk,
        lots=downlink_desk.lots,
        keying=Keying(weigher, prices, storage_line, screen, history, publisher),
        plate=type_plate.TypePlate(boot, history),
        progress=watchdog.progress,
    )
    heart = Heart(
        ticks_ms=clock.ticks_ms,
        weigher=weigher,
        printer=printer,
        journal=journal,
        history=history,
        publisher=publisher,
        app=app,
        boot=boot,
        readings=(keeper.readings, downlink.readings),
    )
    firmware = Upkeep(root, release, history, publisher, app.is_busy, watchdog.is_well)
    firmware.report()
    downlink.on(feed.FIRMWARE, firmware.hear)
    await asyncio.gather(
        app.weigh(),
        app.serve_keys(),
        sign_in.serve_cards(),
        lock_desk.watch(),
        publisher.run(client),
        uplink.go_online(client),
        heart.beat(),
        watchdog.run(),
        firmware.run(),
    )


def _weight_source(settings: "Config") -> object:
    """Return what weighs: only the one that is mounted is imported, because the other costs heap."""
    if settings.weight_source == config.MODULE:
        from hal.weighing_module import WeighingModule  # noqa: PLC0415 (see above)

        from scale.module_source import ModuleSource  # noqa: PLC0415 (see above)

        return ModuleSource(WeighingModule())
    from hal.load_cell import LoadCell  # noqa: PLC0415 (see above)

    return LoadCell()


def _card_source(root: str) -> object:
    """Return what reads cards: with keys of the cards the scale does it itself."""
    if CARD_KEYS_FILE in os.listdir(root or "/"):
        from scale.card_source import ProvedCards  # noqa: PLC0415 (as above)

        return ProvedCards(root)
    from hal.card_reader import CardReader  # noqa: PLC0415 (as above)

    return CardReader()


def main() -> None:
    """Run until the power goes; called by the board's boot code."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
