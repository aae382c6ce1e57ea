"""A release on the gateway's disk becomes the program of a scale, or does not, and either way there is a record."""

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
from simulators.scale_process import POWER_ON_LOADER, ScaleProcess
from simulators.service import Service
from simulators.site import CHENGXIN, free_port
from tests.firmware.test_update_journey import CELL, HEAP, SETUP, Site

pytestmark = pytest.mark.journey
DEADLINE_S = 90.0


def impatient(source: str) -> str:
    """Return ``update/upkeep.py`` for a test: well after three seconds."""
    assert "WELL_AFTER_S = 60" in source
    return source.replace("WELL_AFTER_S = 60", "WELL_AFTER_S = 3")


class Market:
    """A gateway that serves releases, and one scale that was enrolled to look for them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        mqtt_port, status_port, firmware_port = free_port(), free_port(), free_port()
        self.site = Site(folder, replace(SETUP, gateway_port=mqtt_port, update=Update(firmware_port)))
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
        self._shelf = node / "firmware" / "scale"
        self._shelf.mkdir(parents=True, exist_ok=True)
        self._outbox = node / "outbox.sqlite"
        self.scale = ScaleProcess(self.site.loader, self.site.flash, cell=CELL, heap=HEAP, power_on=POWER_ON_LOADER)

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
        """Wait until an audit record with these words has arrived."""
        async with asyncio.timeout(DEADLINE_S):
            while not any(words in detail for detail in self.details()):
                await asyncio.sleep(0.1)

    async def wait_for_restart(self) -> None:
        """Wait until the board restarts itself, and again, until it is ready to weigh: what its reset does."""
        async with asyncio.timeout(DEADLINE_S):
            while self.scale.is_running:
                await asyncio.sleep(0.1)
            while not self.scale.is_running:
                await self.scale.stop()
                with contextlib.suppress(Unavailable):
                    await self.scale.start()

    async def ask_again(self) -> None:
        """Switch the scale off and on, and let it look for a release although it has looked today."""
        await self.scale.stop()
        flash_files.write(self.site.loader, self.site.flash, {"offer": b""})
        with contextlib.suppress(Unavailable):
            await self.scale.start()
        await self.wait_for_restart()


@pytest.fixture
def market(tmp_path: Path) -> Iterator[Market]:
    market = Market(tmp_path)
    market.gateway.start()
    yield market
    market.scale.abandon()
    market.gateway.stop()


def test_a_release_is_fetched_tried_kept_and_a_bad_one_taken_back(market: Market) -> None:
    asyncio.run(_good_and_bad(market))


async def _good_and_bad(market: Market) -> None:
    site, scale = market.site, market.scale
    old = market.image("old")
    site.bench("factory", old, site.sign(old, "1.0.0", 1))
    new = market.image("new", lambda source: source.replace("请刷卡", "新版本，请刷卡"))
    market.publish(new, site.sign(new, "1.1.0", 2))
    await scale.start()
    await scale.put_load(500)  # a customer
    await scale.wait_for_lamp("stable")
    market.gateway.kill()
    market.gateway.start()
    await asyncio.sleep(5)  # longer than it takes to prove well
    assert scale.is_running
    await scale.put_load(0)
    await market.wait_for_restart()
    assert "新版本" in scale.screen[3]
    await market.wait_for_record("1.1.0 in b is good")
    boots = [statement.body for statement in market.statements() if statement.kind == record.BOOT]
    assert [(boot["software"], boot["security_version"]) for boot in boots] == [
        ("chengxin-scale 1.0.0", 1),
        ("chengxin-update 1.0.0", 1),
        ("chengxin-scale 1.1.0", 2),
    ]
    assert boots[-1]["software_digest"] != boots[0]["software_digest"]

    bad = market.image("bad", lambda source: "raise SystemError('a bug')\n" + source)
    market.publish(bad, site.sign(bad, "1.2.0", 2))
    await market.ask_again()  # fetched, tried three times, taken back
    assert "新版本" in scale.screen[3]
    await market.wait_for_record("1.2.0 in a failed")
    assert [line for line in site.log() if "1.2.0" in line] == ["slot a starts: 1.2.0, on trial"] * 3
    await market.ask_again()
    await market.wait_for_record("update.failed_before")
    assert site.log()[-1] == "slot b starts: 1.1.0"


def test_what_a_scale_must_not_run_is_refused_with_a_record(market: Market) -> None:
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

    await market.scale.start()
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
    assert market.scale.is_running
    assert market.scale.screen
    await market.scale.stop()
