"""Power-on of a handheld: what only a handheld has, beside what every device builds (``device.core``)."""

import asyncio

from device import core
from device.core import Core
from hal import clock, power
from hal.camera import Camera
from hal.display import Display
from hal.gnss import Gnss
from hal.keypad import Keypad
from hal.lamps import Lamps
from hal.scanner import Scanner
from tracewire import p256, receipt, vocabulary

from handheld.app import HandheldApp
from handheld.gnss_clock import GnssClock
from handheld.screens import Screen
from handheld.status import Status
from handheld.whereabouts import Whereabouts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.config import Config

SOFTWARE = "chengxin-handheld 0.1.0"
SECURITY_VERSION = 1
MODEL = "CX-H1"

KEYS = (
    ("digit1", "digit2", "digit3"),
    ("digit4", "digit5", "digit6"),
    ("digit7", "digit8", "digit9"),
    ("clear", "digit0", "enter"),
)


async def run() -> None:
    """Build every part once and run the tasks for ever."""
    root = core.begin()
    device = Core(root, _told(root), boot_body(power.boot_cause()))
    core.forget("device.config", "handheld.settings")
    device.start("status")
    history, publisher = device.history, device.publisher
    whereabouts = Whereabouts(Gnss(), clock.ticks_ms, GnssClock(device.keeper, history, publisher))
    screen = Screen(Display(), Lamps())
    app = HandheldApp(
        keypad=Keypad(KEYS),
        scanner=Scanner(),
        camera=Camera(),
        screen=screen,
        whereabouts=whereabouts,
        issuers=[p256.VerifyingKey(point) for level, point in device.settings.keepers if level == receipt.CLOUD],
        kid=device.key.kid,
        history=history,
        publisher=publisher,
    )
    status = Status(screen, whereabouts, device.journal, publisher, device.client, device.progress)
    publisher.on_wake = status.show
    await device.run(
        (whereabouts.readings,),
        app.is_busy,
        app.serve_keys(),
        app.serve_scans(),
        app.serve_photos(),
        status.run(),
        whereabouts.follow(),
    )


def _told(root: str) -> "Config":
    """Return what enrolment told; what reads it is not needed a second time."""
    from handheld import settings  # noqa: PLC0415 (see above)

    return settings.load(root)


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
