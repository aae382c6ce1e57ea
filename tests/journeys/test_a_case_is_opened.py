"""Somebody opens the case of a scale in the market, and whoever watches the fleet sees it within seconds."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from simulators import chromium
from simulators.scale_process import ScaleProcess
from simulators.site import STALLS, Site

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
STALL = STALLS[0]
SOON_MS = 60_000
"""Not a promise but a limit for a crowded machine; docs/ops.md has the seconds it takes."""


def test_an_opened_case_is_seen_by_whoever_watches_and_opens_a_ticket(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with Site.create(tmp_path / "site", say=lambda _: None, stalls=STALLS[:1]) as site:
        password = site.open_account("ops", "ops")
        site.cloud.start()
        site.gateway.start()
        seconds = asyncio.run(_open_the_case(site, password))
    record_property("seen_after_seconds", round(seconds, 1))


async def _open_the_case(site: Site, password: str) -> float:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium.path(), args=list(chromium.ARGUMENTS))
        page = await browser.new_page(locale="zh-CN")
        await _sign_in(page, site, password)
        async with ScaleProcess(site.image, site.flash(STALL), cell=STALL.cell) as scale:
            await scale.wait_until(lambda: "link" in scale.lamps and "pending" not in scale.lamps, SOON_MS / 1000)
            await page.goto(f"{site.url}/ops?show=tampered")
            await expect(page.locator("#live.on")).to_be_visible(timeout=SOON_MS)
            await expect(page.locator("#fleet tbody")).not_to_contain_text(STALL.scale)
            await scale.open_case()
            opened = time.monotonic()
            await expect(page.locator("#fleet tbody")).to_contain_text(STALL.scale, timeout=SOON_MS)
            seconds = time.monotonic() - opened
            await page.click(f"#d-{STALL.scale}")
            await expect(page.locator("main")).to_contain_text("机壳被打开")
            await _until_there_is_a_ticket(page)
        await browser.close()
    return seconds


async def _sign_in(page: Page, site: Site, password: str) -> None:
    await page.goto(f"{site.url}/ops?show=tampered")
    await page.fill("#name", "ops")
    await page.fill("#password", password)
    await page.click("main form button")
    await page.wait_for_url("**/ops?show=tampered")


async def _until_there_is_a_ticket(page: Page) -> None:
    async def reload_and_look() -> bool:
        await page.reload()
        return "case-opened" in await page.inner_text("#tickets + ul")

    ends = time.monotonic() + SOON_MS / 1000
    while not await reload_and_look():
        assert time.monotonic() < ends, "no ticket"
