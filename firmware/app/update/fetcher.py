"""Look for a release, fetch it, put it on trial: the program of one start, when ``upkeep`` has asked for it.

It runs instead of the device's own program and from the same verified slot, because beside that program the heap has no
room for a manifest, a second TLS connection and the checks of both. It takes the request off the flash first: whatever
happens here, the next start is an ordinary one. What it refuses it records under the device's own key, once.
"""

import asyncio
import gc
import os
import sys
from hashlib import sha256

from device import mqtt_link
from device.clock_keeper import ClockKeeper
from device.history import History
from device.journal import RESERVE_BYTES, Journal
from device.keystore import KeyStore
from device.mark import Mark
from device.watchdog import Watchdog
from hal import clock, entropy, flash, nvram, power, radio
from hal.display import Display
from hal.watchdog import Watchdog as BoardWatchdog
from tracewire import cbor, p256, words
from tracewire.errors import Rejected, Unavailable

from update import board, fetch, slots, upkeep
from update.download import Download

WATCHDOG_MS = 8000
_LONGEST_MS = 600000  # for the whole of it; then the watchdog ends it, and the device works as before
_CONNECT_S = 60
_COLLECT_EVERY_BYTES = 8192
_BUNDLE = "release.cose"
_MOST_BUNDLE_BYTES = 20480
_REFUSED = "/offer.refused"
"""SHA-256 of the bundle that was refused last: one refusal, one record."""
_SOFTWARE = "chengxin-update "
_NAME, _HOST, _PORT, _TLS_NAME, _JOURNAL_BYTES = 1, 2, 3, 4, 14  # keys of config.cbor that every device has


async def run() -> None:
    """Install what the gateway has, or record why not; the board may restart when this returns."""
    p256.self_test()
    gc.threshold(_COLLECT_EVERY_BYTES)
    root = flash.mount()
    os.remove(root + upkeep.OFFER)
    slots.write(root + upkeep.LOOKED, clock.now_ms().to_bytes(8, "big"))
    Display().show(["检查更新", "请勿断电", "", ""])
    watchdog = Watchdog(BoardWatchdog(WATCHDOG_MS).feed, clock.ticks_ms, {"fetch": _LONGEST_MS})
    feeding = asyncio.create_task(watchdog.run())
    try:
        await _look(root)
    except (Unavailable, asyncio.TimeoutError):
        pass  # no gateway, no release: the program looks again, and what was fetched stays
    feeding.cancel()


async def _look(root: str) -> None:
    this = board.load(root)
    if not this.update_port:
        return
    with open(root + "/config.cbor", "rb") as file:
        settings = cbor.decode(file.read())
    files = [slots.read(root + "/" + name) for name in ("tls_cert.der", "tls_key.der", "server_ca.der")]
    keeper = ClockKeeper(clock, root)
    context = mqtt_link.tls_context(*files, keeper.now_ms)
    broker = mqtt_link.Broker(settings[_HOST], settings[_PORT], settings[_TLS_NAME], settings[_NAME], context)
    await asyncio.wait_for(radio.connect(), _CONNECT_S)
    source = fetch.Source(broker, this.update_port, this.model)
    bundle = await source.whole(_BUNDLE, _MOST_BUNDLE_BYTES)
    if bundle == slots.read(sys.argv[0] + ".cose") or sha256(bundle).digest() == slots.read(root + _REFUSED):
        return
    journal = Journal(root + "/journal", settings[_JOURNAL_BYTES])
    key = KeyStore(root, entropy.read)
    history = History(journal, key, keeper, _boot_body(root, this.model), Mark(nvram, key.kid))
    keeper.start(history)
    download = Download(root, this, lambda: False, history.audit, journal.room_bytes + RESERVE_BYTES)
    try:
        await _install(download, source, bundle, keeper.now_ms())
    except Rejected:
        slots.write(root + _REFUSED, sha256(bundle).digest())


async def _install(download: Download, source: fetch.Source, bundle: bytes, now_ms: int) -> None:
    download.begin(bundle, now_ms)
    while download.wanted:
        await source.into(download.wanted, lambda: download.offset, download.write)
    download.finish()


def _boot_body(root: str, model: str) -> "dict[str, object]":
    release = slots.release(root, sys.argv[0][-1])
    return {
        "software": _SOFTWARE + release.version,
        "security_version": release.security_version,
        "cause": words.number(words.BOOT_CAUSES, "command"),
        "model": model,
    }


def main() -> None:
    """Run, then restart: with the release on trial, or as before."""
    asyncio.run(run())
    power.restart()
