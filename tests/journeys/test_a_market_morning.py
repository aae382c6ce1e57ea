"""From the hand on the pan to the page on the phone, through real scales, a real gateway and a real cloud."""

import asyncio
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright
from tracewire import chain, cose

from simulators import accounting, chromium, upstream
from simulators.market import Vendor
from simulators.printer import Printer
from simulators.scale_process import ScaleProcess
from simulators.site import STALLS, Site
from simulators.upstream import UpstreamDevice
from tests.interpreters import ROOT

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]
STALL, ROBBED = STALLS


@pytest.fixture(scope="module")
def lots(site: Site) -> dict[str, str]:
    """The retail lot of each stall, by its seller, with its whole origin committed."""
    site.cloud.start()
    site.gateway.start()
    names = ("farm-0001", "line-0001", "hall-0001")
    farm, line, hall = (UpstreamDevice(site.node(name), "localhost", site.mqtt_port) for name in names)
    with farm, line, hall:
        lots = upstream.tell_origin(farm, line, hall, [stall.seller_code for stall in STALLS])
        for node in (farm, line, hall):
            node.wait_until_settled(30)
    return lots


@pytest.fixture
def lot(site: Site, lots: dict[str, str]) -> str:
    """The lot of the first stall; cloud and gateway run, also after a test that has failed between kill and start."""
    for service in (site.cloud, site.gateway):
        if not service.is_running():
            service.start()
    return lots[STALL.seller_code]


def sell(site: Site, lot: str, sales: int) -> list[bytes]:
    """Let the stall make some sales and switch the scale off; return its slips."""

    async def story() -> list[bytes]:
        scale = ScaleProcess(site.image, site.flash(STALL), cell=STALL.cell)
        vendor = Vendor(STALL, lot, scale, random.Random(3))
        try:
            await vendor.open_stall()
            for _ in range(sales):
                await vendor.serve()
            if site.cloud.is_running():
                await scale.wait_until(lambda: {"link"} <= scale.lamps and "pending" not in scale.lamps, 30)
        finally:
            await scale.stop()
        return vendor.slips

    return asyncio.run(story())


def url_of(slip: bytes) -> str:
    return Printer().render(slip).codes[0][0]


def wait_until_committed(site: Site, sealed: bytes) -> None:
    """Let the scale, switched on with an empty pan, bring up what it still holds."""

    async def story() -> None:
        scale = ScaleProcess(site.image, site.flash(STALL), cell=STALL.cell)
        try:
            await scale.start()
            await scale.wait_until(lambda: {"link"} <= scale.lamps and "pending" not in scale.lamps, 60)
        finally:
            await scale.stop()

    asyncio.run(story())
    assert sealed in {row.sealed for row in accounting.read_ledger(site.url)}


def on_a_phone(url: str) -> str:
    """What a phone without JavaScript shows at this address; the page must fit its width."""
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        phone = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}, locale="zh-CN")
        page = phone.new_page()
        page.goto(url)
        assert page.locator("body").bounding_box()["width"] <= 390  # type: ignore[index]  # a shown body has a box
        told = page.inner_text("body")
        browser.close()
    return told


def test_a_slip_leads_back_to_the_farm_on_a_phone_without_javascript(site: Site, lot: str) -> None:
    url = url_of(sell(site, lot, 1)[0])
    told = on_a_phone(url)
    for fact in ("长汀县河田镇绿源生态养殖场", "3508210098765", "厦品检2026-112207", STALL.name, "厦门第八市场"):
        assert fact in told, fact
    assert "Farm" in on_a_phone(url.replace("#", "?lang=en#"))


def test_an_outsider_verifies_the_ledger_without_our_code(site: Site, lot: str) -> None:
    script = Path(ROOT, "docs/verify_ledger.py")
    imports = [line for line in script.read_text(encoding="utf-8").splitlines() if "import" in line]
    assert not any(word in line for line in imports for word in ("tracewire", "edge", "cloud", "simulators"))
    outcome = subprocess.run(
        [sys.executable, str(script), str(site.directory / "ca/root_cert.pem"), f"{site.url}/v1/ledger"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert lot is not None and "scale-0001" in outcome.stdout


def test_a_scale_sells_while_the_cloud_is_down_and_everything_arrives_later(site: Site, lot: str) -> None:
    site.cloud.kill()
    slips = sell(site, lot, 3)
    assert len(slips) == 3
    site.cloud.start()
    wait_until_committed(site, accounting.sealed_in_url(url_of(slips[-1])))
    committed = [row.sealed for row in accounting.read_ledger(site.url)]
    for slip in slips:
        assert committed.count(accounting.sealed_in_url(url_of(slip))) == 1


def test_a_scale_sells_while_the_gateway_is_down_and_everything_arrives_later(site: Site, lot: str) -> None:
    site.gateway.kill()
    site.cloud.kill()
    slips = sell(site, lot, 2)
    site.cloud.start()
    site.gateway.start()
    wait_until_committed(site, accounting.sealed_in_url(url_of(slips[-1])))


def test_the_ledger_holds_exactly_what_the_scale_signed(site: Site, lot: str) -> None:
    slip = sell(site, lot, 1)[0]
    sealed = accounting.sealed_in_url(url_of(slip))
    head = accounting.scale_head(site.image, site.flash(STALL))
    rows = [row for row in accounting.read_ledger(site.url) if cose.parse(row.sealed).kid == cose.parse(sealed).kid]
    assert len(rows) == head.seq
    assert chain.digest(rows[-1].sealed) == head.digest


def test_a_revoked_scale_still_sells_but_reaches_nobody(site: Site, lots: dict[str, str], lot: str) -> None:
    asyncio.run(revoke_under_way(site, lots[ROBBED.seller_code]))


async def revoke_under_way(site: Site, lot: str) -> None:
    """The session that the scale has open is ended; it goes on weighing and printing."""
    async with ScaleProcess(site.image, site.flash(ROBBED), cell=ROBBED.cell) as scale:
        vendor = Vendor(ROBBED, lot, scale, random.Random(4))
        await vendor.sign_in()
        await scale.wait_until(lambda: "link" in scale.lamps and "pending" not in scale.lamps, 60)
        await asyncio.to_thread(revoke, site, ROBBED.scale)
        await scale.wait_until(lambda: "link" not in scale.lamps, 60)
        slip = await vendor.serve()
        await scale.wait_for_lamp("zero")
        assert {"link", "pending"} & scale.lamps == {"pending"}
    assert accounting.sealed_in_url(url_of(slip)) not in {row.sealed for row in accounting.read_ledger(site.url)}
    told = httpx.get(f"http://127.0.0.1:{site.status_port}/metrics", timeout=5).text
    assert 'chengxin_gateway_broker_refusals_total{code="access.' in told


def revoke(site: Site, device: str) -> None:
    """Type what an operator types when a device was stolen."""
    authority = str(site.authority)
    site.chengxin("device", "revoke", device, "--ca", authority, "--from-seq", "1", "--reason", "stolen")
    for name in ("cloud-01", "gateway-01"):
        site.chengxin("ca", "export", "--ca", authority, "--out", str(site.node(name)))


def test_killing_cloud_gateway_and_scales_at_random_loses_and_doubles_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    outcome = subprocess.run(
        [sys.executable, "-m", "simulators.demo", "--once", "--faults", "--sales", "8", "--dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert {"cloud", "gateway", "scale"} <= set(summary["killed"])
    assert (summary["signed"], summary["doubled"], summary["errors"]) == (summary["committed"], 0, [])
    assert summary["slips"] == 16
    assert len(list((folder / "slips").glob("*.png"))) == 16
