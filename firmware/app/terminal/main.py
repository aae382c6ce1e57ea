"""Power-on of a wholesale terminal: test the signer, read what enrolment left, mend what a power cut left, run.

Nothing is caught here, as on the counter scale: a task that dies ends the program, the watchdog starves and the board
begins again from its journal.
"""

import asyncio
import gc

from cards import keyring
from cards.counters import Counters
from cards.pn532 import Pn532
from cards.reader import Reader
from device import config, uplink
from device.clock_keeper import ClockKeeper
from device.history import History
from device.journal import Journal
from device.keystore import KeyStore
from device.mark import Mark
from device.paper import Paper
from device.watchdog import Watchdog
from hal import clock, entropy, flash, nvram, power
from hal.beeper import Beeper
from hal.card_port import CardPort
from hal.display import Display
from hal.keypad import Keypad
from hal.lamps import Lamps
from hal.load_cell import LoadCell
from hal.printer import Printer
from hal.watchdog import Watchdog as BoardWatchdog
from scale import plu
from scale.downlink_desk import DownlinkDesk
from scale.health import Heart
from scale.storage_line import StorageLine
from scale.weighing import Weigher
from tracewire import cose, feed, p256, record
from update import upkeep
from update.upkeep import Upkeep

from terminal import type_plate
from terminal.app import TerminalApp
from terminal.card_desk import CardDesk
from terminal.owed import Owed
from terminal.screens import TerminalScreen
from terminal.trade_desk import TradeDesk
from terminal.voucher_book import Voucher, VoucherBook

WATCHDOG_MS = 8000  # the longest that every board of ours can do (RP2040: 8.3 s)
WEIGHING_SILENT_MS = 5000  # a hundred samples missed: the load cell or the scheduler is stuck
JOURNAL_STUCK_MS = 60000  # flash that takes no record for so long: a restart may help, and is on record if it does
COLLECT_EVERY_BYTES = 16384  # early and often: short pauses, and free memory stays in large pieces


async def run() -> None:
    """Build every part once and run the tasks for ever."""
    p256.self_test()
    gc.threshold(COLLECT_EVERY_BYTES)
    root = flash.mount()
    settings = config.load(root)
    key = KeyStore(root, entropy.read)
    journal = Journal(root + "/journal", settings.journal_bytes)
    boot = type_plate.boot_body(settings, power.boot_cause())
    release = upkeep.introduce(root, boot)
    keeper = ClockKeeper(clock, root)
    history = History(journal, key, keeper, boot, Mark(nvram, key.kid))
    owed, book = Owed(root), VoucherBook(root, settings.code_base)
    _mend(journal, owed, book)
    keeper.start(history)

    publisher, client, downlink = uplink.build(root, settings, history, journal, key, keeper)
    weigher, printer = Weigher(type_plate.limits(settings)), Printer()
    screen = TerminalScreen(Display(), Lamps(), Beeper())
    reader = Reader(Pn532(CardPort()), keyring.load(root), Counters(root), entropy.read)
    limits = {"weigh": WEIGHING_SILENT_MS, "journal": JOURNAL_STUCK_MS}
    watchdog = Watchdog(BoardWatchdog(WATCHDOG_MS).feed, clock.ticks_ms, limits)
    storage_line = StorageLine(screen, journal, publisher, client, watchdog.progress, power.battery_percent)
    prices = plu.load(root)
    downlink_desk = DownlinkDesk(downlink, prices, weigher, screen, history)
    trade_desk = TradeDesk(
        settings=settings,
        weigher=weigher,
        prices=prices,
        reader=reader,
        owed=owed,
        book=book,
        paper=Paper(printer, screen, history),
        screen=screen,
        storage_line=storage_line,
        lots=downlink_desk.lots,
        history=history,
        publisher=publisher,
        ticks_ms=clock.ticks_ms,
    )
    app = TerminalApp(
        load_cell=LoadCell(),
        keypad=Keypad(),
        reader=reader,
        ticks_ms=clock.ticks_ms,
        weigher=weigher,
        trade_desk=trade_desk,
        card_desk=CardDesk(owed, trade_desk, screen, history, publisher),
        screen=screen,
        storage_line=storage_line,
        history=history,
        publisher=publisher,
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
    firmware = Upkeep(root, release, history, publisher, lambda: not weigher.reading.is_zero, watchdog.is_well)
    firmware.report()
    downlink.on(feed.FIRMWARE, firmware.hear)
    await asyncio.gather(
        app.weigh(),
        app.serve_keys(),
        app.serve_cards(),
        publisher.run(client),
        uplink.go_online(client),
        heart.beat(),
        watchdog.run(),
        firmware.run(),
    )


def _mend(journal: Journal, owed: Owed, book: VoucherBook) -> None:
    """Let the newest record of the journal say whether the deal that the power was cut under counts."""
    sealed = journal.last()
    newest = record.decode(cose.parse(sealed).payload) if sealed else None
    plu_number = owed.recover(newest)
    if plu_number is not None:
        book.keep(Voucher(plu_number, sealed))
        owed.commit()


def main() -> None:
    """Run until the power goes; called by the board's boot code."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
