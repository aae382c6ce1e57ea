"""A release on the gateway's disk becomes the program of a device, or does not, and either way there is a record."""

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tracewire import cose, record, words
from tracewire.errors import Unavailable

from provisioning import firmware_signing
from provisioning.firmware_signing import Release
from provisioning.release_trust import Update
from simulators import flash_files
from simulators.firmware_image import ROM_FILE
from simulators.ports import free_port
from simulators.service import Service
from simulators.site import CHENGXIN
from tests.firmware.test_update_journey import Site
from tests.firmware.update_kinds import HANDHELD, KINDS, SCALE, SETUP, Kind

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]
DEADLINE_S = 90.0


def impatient(source: str) -> str:
    """Return ``update/upkeep.py`` for a test: well after three seconds."""
    assert "WELL_AFTER_S = 60" in source
    return source.replace("WELL_AFTER_S = 60", "WELL_AFTER_S = 3")


class Market:
    """A gateway that serves releases, and one device that was enrolled to look for them."""

    def __init__(self, folder: Path, kind: Kind = SCALE) -> None:
        self._folder = folder
        mqtt_port, status_port, firmware_port = free_port(), free_port(), free_port()
        self.site = Site(folder, replace(SETUP, gateway_port=mqtt_port, update=Update(firmware_port)), kind)
        node = folder / "gateway"
        Site.command("ca", "export", "--ca", folder / "CA", "--out", node)
        Site.command(
            "gateway", "init", "--dir", node, "--cloud-url", "https://localhost:9",
            "--mqtt-port", mqtt_port, "--status-port", status_port, "--firmware-port", firmware_port,
        )  # fmt: skip
        self.gateway = Service(
            "gateway", [str(CHENGXIN), "gateway", "run", "--dir", str(node)],
            f"http://127.0.0.1:{status_port}/healthz", folder / "gateway.log",
        )  # fmt: skip
        self._shelf = node / "firmware" / kind.role
        self._shelf.mkdir(parents=True, exist_ok=True)
        self._outbox = node / "outbox.sqlite"
        self.device = self.site.device()

    def image(self, name: str, change: Callable[[str], str] | None = None) -> Path:
        """Return an image that looks for releases at once."""
        screens = {} if change is None else {"screens": change}
        return self.site.image(name, upkeep=impatient, **screens)

    def publish(self, image: Path, bundle: Path) -> None:
        """Lay a release on the gateway's shelf."""
        shutil.copyfile(image / ROM_FILE, self._shelf / ROM_FILE)
        shutil.copyfile(bundle, self._shelf / "release.new")
        (self._shelf / "release.new").rename(self._shelf / "release.cose")

    def statements(self) -> list[record.Record]:
        """Return what the scale's records say; the cloud is away, so the gateway has them all."""
        with contextlib.closing(sqlite3.connect(self._outbox)) as store:
            rows = store.execute("SELECT sealed FROM outbox ORDER BY seq").fetchall()
        return [record.decode(cose.parse(sealed).payload) for (sealed,) in rows]

    def details(self) -> list[str]:
        """Return the details of its audit records."""
        return [statement.body["detail"] for statement in self.statements() if statement.kind == record.AUDIT]

    async def wait_for_record(self, words: str) -> None:
        """Wait until an audit record with these words has arrived; a board that resets itself comes up again."""
        async with asyncio.timeout(DEADLINE_S):
            while not any(words in detail for detail in self.details()):
                if not self.device.is_running:
                    await self.device.stop()
                    await self._start()
                await asyncio.sleep(0.1)

    async def ask_again(self) -> None:
        """Switch the device off and on, and let it look for a release although it has looked today."""
        await self.device.stop()
        flash_files.write(self.site.loader, self.site.flash, {"offer": b""})
        await self._start()

    async def _start(self) -> None:
        with contextlib.suppress(Unavailable):  # the fetcher, or a release that fails
            await self.device.start()


@contextlib.contextmanager
def open_market(folder: Path, kind: Kind = SCALE) -> Iterator[Market]:
    market = Market(folder, kind)
    market.gateway.start()
    try:
        yield market
    finally:
        market.device.abandon()
        market.gateway.stop()


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_release_is_fetched_tried_kept_and_a_bad_one_taken_back(tmp_path: Path, kind: Kind) -> None:
    with open_market(tmp_path, kind) as market:
        asyncio.run(_good_and_bad(market))


async def _good_and_bad(market: Market) -> None:
    site, device, model = market.site, market.device, market.site.kind
    old = market.image("old")
    site.bench("factory", old, site.sign(old, "1.0.0", 1))
    new = market.image("new", lambda source: source + "\nRELEASE = 2\n")
    market.publish(new, site.sign(new, "1.1.0", 2))
    await device.start()
    if model is SCALE:
        await _is_left_alone_while_it_serves(market)
    await market.wait_for_record("1.1.0 in b is good")
    boots = [statement.body for statement in market.statements() if statement.kind == record.BOOT]
    assert [(boot["software"], boot["security_version"]) for boot in boots] == [
        (f"chengxin-{model} 1.0.0", 1),
        ("chengxin-update 1.0.0", 1),
        (f"chengxin-{model} 1.1.0", 2),
    ]
    if model is not HANDHELD:
        assert boots[-1]["software_digest"] != boots[0]["software_digest"]

    bad = market.image("bad", lambda source: "raise SystemError('a bug')\n" + source)
    market.publish(bad, site.sign(bad, "1.2.0", 2))
    await market.ask_again()  # fetched, tried three times, taken back
    await market.wait_for_record("1.2.0 in a failed")
    assert [line for line in site.log() if "1.2.0" in line] == ["slot a starts: 1.2.0, on trial"] * 3
    assert site.log()[-1] == "slot b starts: 1.1.0"
    if model is SCALE:
        await market.ask_again()
        await market.wait_for_record("update.failed_before")


async def _is_left_alone_while_it_serves(market: Market) -> None:
    await market.device.put_load(500)  # a customer
    await market.device.wait_for_lamp("stable")
    market.gateway.kill()
    market.gateway.start()
    await asyncio.sleep(5)  # longer than it takes to prove well
    assert market.device.is_running
    await market.device.put_load(0)


def test_what_a_scale_must_not_run_is_refused_with_a_record(tmp_path: Path) -> None:
    with open_market(tmp_path) as market:
        asyncio.run(_refusals(market))


async def _refusals(market: Market) -> None:
    site = market.site
    image = market.image("running")
    site.bench("factory", image, site.sign(image, "2.0.0", 5))
    other = market.image("other", lambda source: "# another\n" + source)
    alice, bob = (firmware_signing.read_key(site.key(name), b"seven carp in a pond") for name in ("alice", "bob"))
    now = datetime.now(UTC)

    def signed(version: str, security: int, model: str = "scale", made: datetime = now) -> bytes:
        release = Release(version, model, (1, 1), security, valid_days=30)
        return firmware_signing.first_signature(other, release, alice, made)

    def twice(bundle: bytes) -> bytes:
        return firmware_signing.further_signature(other, bundle, bob)

    await market.device.start()
    for code, bundle in (
        ("manifest.security_version", twice(signed("1.9.0", 4))),
        ("manifest.model", twice(signed("2.1.0", 5, "terminal"))),
        ("manifest.expired", twice(signed("2.1.1", 5, made=now - timedelta(days=60)))),
        ("manifest.signatures", signed("2.1.2", 5)),
    ):
        (site.folder / "offer.cose").write_bytes(bundle)
        market.publish(other, site.folder / "offer.cose")
        await market.ask_again()
        await market.wait_for_record(code)
    events = [statement.body["event"] for statement in market.statements() if statement.kind == record.AUDIT]
    assert events.count(words.number(words.AUDIT_EVENTS, "rollback_detected")) == 1

    forged = site.folder / "forged"
    forged.mkdir()
    contents = bytearray((other / ROM_FILE).read_bytes())
    contents[-1] ^= 1
    (forged / ROM_FILE).write_bytes(contents)
    (site.folder / "offer.cose").write_bytes(twice(signed("2.2.0", 5)))
    market.publish(forged, site.folder / "offer.cose")
    await market.ask_again()
    await market.wait_for_record("update.digest")
    assert market.device.is_running
    assert market.device.screen
    await market.device.stop()
