"""What the ops dashboard costs with 10,000 devices: first paint in Chromium, an update of the open page, each page.

    python -m simulators.bench dashboard

Every device has sealed a health record that the real cloud took in; pages are the real ones over loopback, without TLS.
"""

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from cloud.accounts import guard
from simulators import chromium
from simulators.bench.figures import Figure
from simulators.fleet import Fleet

DEVICES = 10_000
_TIMES = 7
_CHANGED = 200
"""Devices that speak between two updates of the page."""

_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_SENT = "performance.getEntries().reduce((sum, each) => sum + (each.transferSize || 0), 0)"
_UPDATE = """() => new Promise((done) => {
  const began = performance.now();
  document.body.addEventListener("htmx:afterSettle", () => done(performance.now() - began), { once: true });
  document.body.dispatchEvent(new Event("fleet-changed"));
})"""


def figures() -> list[Figure]:
    """Measure the page of a fleet that is complete when its first record has come from each."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Fleet(Path(folder), DEVICES) as fleet,
        sync_playwright() as playwright,
    ):
        fleet.beat(fleet.scales)
        browser = chromium.launch(playwright)
        paints, sent = zip(*(_first_paint(browser, fleet) for _ in range(_TIMES)), strict=True)
        page = _open(browser, fleet)
        page.goto(f"{fleet.url}/ops")
        updates, busy = zip(*(_update(page, fleet) for _ in range(_TIMES)), strict=True)
        asked = {path: statistics.median(fleet.ask_ms(path) for _ in range(_TIMES)) for path in _ASKED}
        browser.close()
    return [
        Figure(f"dashboard, {DEVICES:,} devices: first contentful paint", f"{statistics.median(paints):.0f} ms"),
        Figure("the same: transferred, nothing in the cache", f"{statistics.median(sent) / 1024:.0f} KiB"),
        Figure(f"update after {_CHANGED} devices spoke, asked to drawn", f"{statistics.median(updates):.0f} ms"),
        Figure("the same: busy time of the browser's page", f"{statistics.median(busy):.0f} ms"),
        *(Figure(f"the server's answer: {path}", f"{spent:.0f} ms") for path, spent in asked.items()),
    ]


_ASKED = ("/ops", "/ops?show=silent&sort=drift", "/ops?q=00042", "/ops/map", "/ops/use", "/ops/fleet.csv")


def _first_paint(browser: Browser, fleet: Fleet) -> tuple[float, float]:
    """Open the page with nothing in the cache; return milliseconds to the first content, and bytes."""
    page = _open(browser, fleet)
    page.goto(f"{fleet.url}/ops", wait_until="load")
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    found = page.evaluate(_PAINT), page.evaluate(_SENT)
    page.context.close()
    return found


def _update(page: Page, fleet: Fleet) -> tuple[float, float]:
    """Let devices speak, then the page follow; return milliseconds until it is drawn, and of them the page's own."""
    fleet.beat(fleet.scales[:_CHANGED])
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable")

    def busy_s() -> float:
        metrics = client.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    before = busy_s()
    spent = page.evaluate(_UPDATE)
    return spent, (busy_s() - before) * 1000


def _open(browser: Browser, fleet: Fleet) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    context.add_cookies([{"name": guard.SESSION, "value": fleet.token, "url": fleet.url}])
    return context.new_page()
