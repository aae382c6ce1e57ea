"""Power-on of a rail scale: test the signer, read what enrolment left, mend what a power cut left, run.

Nothing is caught here, as on the counter scale: a task that dies ends the program, the watchdog starves and the board
begins again from its journal.
"""

import asyncio
import gc

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
from hal.beeper import Beeper
from hal.card_reader import CardReader
from hal.case_switch import CaseSwitch
from hal.display import Display
from hal.keypad import Keypad
from hal.lamps import Lamps
from hal.load_cell import LoadCell
from hal.printer import Printer
from hal.tag_reader import TagReader
from hal.watchdog import Watchdog as BoardWatchdog
from scale.health import Heart
from scale.lock_desk import LockDesk
from scale.storage_line import StorageLine
from scale.weighing import Weigher
from tracewire import cose, feed, p256, record
from tracewire.errors import Misuse
from update import upkeep
from update.upkeep import Upkeep

from rail import lot_desk, type_plate
from rail.app import RailApp
from rail.carcass import Rail
from rail.carcass_book import CarcassBook
from rail.disposal import Disposal
from rail.exit_desk import ExitDesk
from rail.hands import Hands
from rail.lots import Lots
from rail.register import Register
from rail.screens import RailScreen
from rail.tag_desk import TagDesk

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
    if not settings.rail:
        raise Misuse("config.rail", "this board was not enrolled for a slaughter line")
    species, has_sides, lightest_grams = settings.rail
    key = KeyStore(root, entropy.read)
    journal = Journal(root + "/journal", settings.journal_bytes)
    boot = type_plate.boot_body(settings, power.boot_cause())
    release = upkeep.introduce(root, boot)
    keeper = ClockKeeper(clock, root)
    history = History(journal, key, keeper, boot, Mark(nvram, key.kid))
    lots, register = Lots(root), Register(root)
    _mend(journal, lots, register)
    keeper.start(history)

    publisher, client, downlink = uplink.build(root, settings, history, journal, key, keeper)
    weigher, printer = Weigher(type_plate.limits(settings)), Printer()
    screen = RailScreen(Display(), Lamps(), Beeper())
    limits = {"weigh": WEIGHING_SILENT_MS, "journal": JOURNAL_STUCK_MS}
    watchdog = Watchdog(BoardWatchdog(WATCHDOG_MS).feed, clock.ticks_ms, limits)
    storage_line = StorageLine(screen, journal, publisher, client, watchdog.progress, power.battery_percent)
    desk = lot_desk.LotDesk(lots, screen, history, publisher)
    lock_watch = LockDesk(Lock(root, settings.name, entropy.read), CaseSwitch(), screen, history, publisher)
    rail = Rail(lightest_grams, settings.e_grams)
    book = CarcassBook(history, publisher, register, desk, storage_line, settings.code_base, bool(has_sides))
    disposal = Disposal(history, publisher, register, book, settings.code_base, settings.e_grams)
    exit_desk = ExitDesk(settings, history, publisher, register, desk, Paper(printer, screen, history), screen)
    app = RailApp(
        load_cell=LoadCell(),
        tag_reader=TagReader(),
        keypad=Keypad(),
        card_reader=CardReader(),
        ticks_ms=clock.ticks_ms,
        weigher=weigher,
        rail=rail,
        book=book,
        disposal=disposal,
        hands=Hands(weigher, rail, book, desk, disposal, exit_desk, screen),
        tag_desk=TagDesk(rail, book, history, species),
        screen=screen,
        storage_line=storage_line,
        lock_desk=lock_watch,
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
    firmware = Upkeep(root, release, history, publisher, lambda: rail.carcass is not None, watchdog.is_well)
    firmware.report()
    downlink.on(feed.FIRMWARE, firmware.hear)
    await asyncio.gather(
        app.weigh(),
        app.serve_tags(),
        app.serve_keys(),
        app.serve_cards(),
        lock_watch.watch(),
        publisher.run(client),
        uplink.go_online(client),
        heart.beat(),
        watchdog.run(),
        firmware.run(),
    )


def _mend(journal: Journal, lots: Lots, register: Register) -> None:
    """Let the newest record of the journal say what a power cut kept from lots and register."""
    sealed = journal.last()
    if sealed is not None:
        newest = record.decode(cose.parse(sealed).payload)
        lot_desk.recover(lots, newest)
        register.recover(newest, lots.number_of)


def main() -> None:
    """Run until the power goes; called by the board's boot code."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
