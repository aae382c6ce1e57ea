"""What a program does about its own firmware: say which release it is, prove that it is well, ask for the next one.

    upkeep.introduce(root, boot)                      # before the history begins
    keeper = upkeep.Upkeep(…); keeper.report()        # after it has
    await asyncio.gather(…, keeper.run())

A board that the loader has not started is left as it is. A release is not fetched here: beside the program the heap has
no room for a second TLS connection. Once a day, or when the cloud says that there is one, and only while nobody is
being served, the board restarts into ``update.fetcher``. What is needed for a moment is imported then and forgotten.
"""

import asyncio
import gc
import sys

from hal import clock, power

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.history import History
    from device.publisher import Publisher
    from tracewire.feed import Statement

WELL_AFTER_S = 60
LOOK_EVERY_MS = 86400000
POLL_S = 60
OFFER = "/offer"
"""An empty file: the next start is the fetcher's."""
LOOKED = "/offer.looked"
"""When the fetcher last looked: Unix milliseconds, 8 bytes, big-endian."""

_IDLE_POLL_MS = 500
_SLOTS = ("/a", "/b")
_FORGOTTEN = ("update", "tracewire.manifest")
_KEPT = ("update", "update.upkeep")


def introduce(root: str, boot: "dict[str, object]") -> "tuple[str, int, bool] | None":
    """Put the release that runs into the boot record and return it: version, security version, whether it is on trial.

    None, and nothing is put, when the loader has not started this program out of one of its slots.
    """
    if not sys.argv or sys.argv[0] not in [root + slot for slot in _SLOTS]:
        return None
    from tracewire import words  # noqa: PLC0415 (see above)

    from update import confirm, slots  # noqa: PLC0415 (see above)

    release = slots.release(root, sys.argv[0][-1])
    is_on_trial = confirm.is_on_trial(root)
    boot["software"] = boot["software"].split(" ")[0] + " " + release.version
    boot["security_version"] = release.security_version
    if is_on_trial:
        boot["cause"] = words.number(words.BOOT_CAUSES, "update")
    _forget()
    return release.version, release.security_version, is_on_trial


class Upkeep:
    """``release``: what ``introduce`` returned; ``is_busy()``: somebody is served; ``is_well()``: nothing is stuck."""

    def __init__(
        self,
        root: str,
        release: "tuple[str, int, bool] | None",
        history: "History",
        publisher: "Publisher",
        is_busy: "Callable[[], bool]",
        is_well: "Callable[[], bool]",
    ) -> None:
        self._root = root
        self._release = release
        self._history = history
        self._publisher = publisher
        self._is_busy = is_busy
        self._is_well = is_well
        self._offered = asyncio.Event()

    def report(self) -> None:
        """Seal what the loader could not; on flash when this returns."""
        if self._release is not None:
            from update import confirm  # noqa: PLC0415 (see above)

            confirm.report(self._root, self._tell)
            _forget()

    def hear(self, statement: "Statement") -> None:
        """Have the fetcher look as soon as nobody is being served; for ``Downlink.on(feed.FIRMWARE, …)``.

        What the cloud says is no more than a hint to look: a release is believed for its two signatures.
        """
        if statement.body:
            self._offered.set()

    async def run(self) -> None:
        """Prove well, then have releases looked for, for ever; returns at once on a board without a loader."""
        if self._release is None:
            return
        if await self._is_well_for(WELL_AFTER_S) and self._release[2]:
            self._confirm()
        while not (self._offered.is_set() or _is_due(self._root, clock.now_ms())):
            try:
                await asyncio.wait_for(self._offered.wait(), POLL_S)
            except asyncio.TimeoutError:
                continue
        while self._is_busy():
            await asyncio.sleep_ms(_IDLE_POLL_MS)
        with open(self._root + OFFER, "wb"):
            pass  # littlefs commits at close
        # Committed. A crash here: the next start is the fetcher's just the same.
        power.restart()

    def _confirm(self) -> None:
        from update import confirm, slots  # noqa: PLC0415 (see above)

        version, security_version, _ = self._release
        confirm.make_good(self._root, slots.load(self._root), version, security_version, self._tell)
        _forget()

    async def _is_well_for(self, seconds: int) -> bool:
        for _ in range(seconds):
            await asyncio.sleep(1)
            if not self._is_well():
                return False  # the watchdog restarts the board, and that costs a start of the trial
        return True

    def _tell(self, event: str, detail: str) -> None:
        self._history.audit(event, detail)
        self._publisher.wake()


def _is_due(root: str, now_ms: int) -> bool:
    """Tell whether nobody has looked for a day; a clock that was set back must not stop updates for years."""
    try:
        with open(root + LOOKED, "rb") as file:
            return not 0 <= now_ms - int.from_bytes(file.read(), "big") < LOOK_EVERY_MS
    except OSError:
        return True


def _forget() -> None:
    """Give back the heap of what was imported for a moment."""
    for name in list(sys.modules):
        package, _, module = name.rpartition(".")
        if name not in _KEPT and (name in _FORGOTTEN or package in _FORGOTTEN):
            del sys.modules[name]
            if package in sys.modules and hasattr(sys.modules[package], module):
                delattr(sys.modules[package], module)
    gc.collect()
