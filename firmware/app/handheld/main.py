"""Power-on of a handheld: test the signer, read what enrolment left, build the parts, run them.

Nothing is caught here, as on the scale: a task that dies ends the program, the watchdog starves and the board begins
again from its journal.
"""

import asyncio
import gc

from device import uplink
from device.clock_keeper import ClockKeeper
from device.history import History
from device.journal import Journal
from device.keystore import KeyStore
from device.mark import Mark
from device.watchdog import Watchdog
from hal import clock, entropy, flash, nvram, power
from hal.camera import Camera
from hal.display import Display
from hal.gnss import Gnss
from hal.keypad import Keypad
from hal.lamps import Lamps
from hal.scanner import Scanner
from hal.watchdog import Watchdog as BoardWatchdog
from tracewire import feed, p256, receipt, vocabulary
from update import upkeep
from update.upkeep import Upkeep

from handheld import settings
from handheld.app import HandheldApp
from handheld.gnss_clock import GnssClock
from handheld.health import Heart
from handheld.screens import Screen
from handheld.status import Status
from handheld.whereabouts import Whereabouts

SOFTWARE = "chengxin-handheld 0.1.0"
SECURITY_VERSION = 1
MODEL = "CX-H1"

KEYS = (
    ("digit1", "digit2", "digit3"),
    ("digit4", "digit5", "digit6"),
    ("digit7", "digit8", "digit9"),
    ("clear", "digit0", "enter"),
)
WATCHDOG_MS = 8000  # the longest that every board of ours can do (RP2040: 8.3 s)
STATUS_SILENT_MS = 5000
JOURNAL_STUCK_MS = 60000  # flash that takes no record for so long: a restart may help, and is on record if it does
COLLECT_EVERY_BYTES = 8192  # early and often: short pauses, and free memory stays in large pieces


async def run() -> None:
    """Build every part once and run the tasks for ever."""
    p256.self_test()
    gc.threshold(COLLECT_EVERY_BYTES)
    root = flash.mount()
    told = settings.load(root)
    key = KeyStore(root, entropy.read)
    journal = Journal(root + "/journal", told.journal_bytes)
    keeper = ClockKeeper(clock, root)
    boot = boot_body(power.boot_cause())
    release = upkeep.introduce(root, boot)
    history = History(journal, key, keeper, boot, Mark(nvram, key.kid))
    keeper.start(history)

    publisher, client, downlink = uplink.build(root, told, history, journal, key, keeper)
    whereabouts = Whereabouts(Gnss(), clock.ticks_ms, GnssClock(keeper, history, publisher))
    limits = {"status": STATUS_SILENT_MS, "journal": JOURNAL_STUCK_MS}
    watchdog = Watchdog(BoardWatchdog(WATCHDOG_MS).feed, clock.ticks_ms, limits)
    screen = Screen(Display(), Lamps())
    app = HandheldApp(
        keypad=Keypad(KEYS),
        scanner=Scanner(),
        camera=Camera(),
        screen=screen,
        whereabouts=whereabouts,
        issuers=[p256.VerifyingKey(point) for level, point in told.keepers if level == receipt.CLOUD],
        kid=key.kid,
        history=history,
        publisher=publisher,
    )
    status = Status(screen, whereabouts, journal, publisher, client, watchdog.progress)
    heart = Heart(clock.ticks_ms, whereabouts.receiver, journal, history, publisher, boot["cause"])
    firmware = Upkeep(root, release, history, publisher, app.is_busy, watchdog.is_well)
    firmware.report()
    downlink.on(feed.FIRMWARE, firmware.hear)
    await asyncio.gather(
        app.serve_keys(),
        app.serve_scans(),
        app.serve_photos(),
        status.show(),
        whereabouts.follow(),
        publisher.run(client),
        uplink.go_online(client),
        heart.beat(),
        watchdog.run(),
        firmware.run(),
    )


def boot_body(cause: str) -> "dict[str, object]":
    """Return the body of the boot record."""
    return {
        "software": SOFTWARE,
        "security_version": SECURITY_VERSION,
        "cause": vocabulary.number(vocabulary.BOOT_CAUSES, cause),
        "model": MODEL,
    }


def main() -> None:
    """Run until the power goes; called by the board's boot code."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
