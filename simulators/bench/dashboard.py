"""What the ops dashboard costs with 10,000 devices: first paint in Chromium, an update of the open page, a heading.

    python -m simulators.bench dashboard

Every device has sealed a health record that the real cloud took in; pages are the real ones over loopback, without TLS.
"""

import os
import secrets
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import httpx
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from tracewire import cbor, cose, p256, record
from tracewire.errors import Unavailable

from cloud.accounts import guard
from cloud.accounts.account import OPS, Account
from cloud.accounts.service import Accounts
from cloud.app import build_ingest, create_cloud, create_stores
from cloud.config import TEMPLATE, load
from cloud.ledger import log_keys, store
from simulators import chromium
from simulators.bench.figures import Figure
from simulators.node import Node, Trust, now_ms

DEVICES = 10_000
_RECORDS_AT_ONCE = 500
_TIMES = 7
_LONGEST_S = 120.0
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
    with tempfile.TemporaryDirectory() as folder, _Fleet(Path(folder)) as fleet, sync_playwright() as playwright:
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


_ASKED = ("/ops", "/ops?show=silent&sort=drift&page=2", "/ops?q=00042", "/ops/map", "/ops/use", "/ops/fleet.csv")


def _first_paint(browser: Browser, fleet: "_Fleet") -> tuple[float, float]:
    """Open the page with nothing in the cache; return milliseconds to the first content, and bytes."""
    page = _open(browser, fleet)
    page.goto(f"{fleet.url}/ops", wait_until="load")
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    found = page.evaluate(_PAINT), page.evaluate(_SENT)
    page.context.close()
    return found


def _update(page: Page, fleet: "_Fleet") -> tuple[float, float]:
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


def _open(browser: Browser, fleet: "_Fleet") -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    context.add_cookies([{"name": guard.SESSION, "value": fleet.token, "url": fleet.url}])
    return context.new_page()


class _Fleet:
    """A cloud in this process, the scales that speak to it, and somebody of ops who is signed in."""

    def __init__(self, directory: Path) -> None:
        trust, secret = Trust(), p256.new_secret(os.urandom)
        self.scales = [
            Node(f"scale-{number:05d}", code_base=f"35020000{number:05d}", site=f"第{number % 40}市场")
            for number in range(DEVICES)
        ]
        self._gateway = Node("gateway-01", "gateway")
        (directory / "cloud.toml").write_text(TEMPLATE.format(ingest_port=0, public_port=0), encoding="utf-8")
        (directory / "root.point").write_bytes(trust.root_point)
        (directory / "registry.cose").write_bytes(
            trust.bundle([*self.scales, self._gateway, Node("cloud-01", "cloud", secret)])
        )
        (directory / "record.key").write_bytes(secret)
        config = load(directory)
        create_stores(config)
        log_keys.create(directory)
        self._cloud = create_cloud(config)
        self._ingest = build_ingest(config)
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(self._cloud.public_app, log_config=None, lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        accounts, password = Accounts(self._cloud.accounts, now_ms), secrets.token_urlsafe(24)
        accounts.add(Account("ops", OPS), password)
        self.token = accounts.sign_in("ops", password, "127.0.0.1").token

    def __enter__(self) -> "_Fleet":
        self._cloud.worker.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._cloud.close()

    def beat(self, scales: Sequence[Node]) -> None:
        """Let each of these seal a health record, and wait until the fleet shows them all."""
        body = {"uptime_s": 60, "journal_pending": 0, "journal_permille": 20, "zero_drift_grams": 1, "printer": "ok"}
        for start in range(0, len(scales), _RECORDS_AT_ONCE):
            now = now_ms()
            some = scales[start : start + _RECORDS_AT_ONCE]
            payload = cbor.encode([[now, scale.seal(record.HEALTH, body)] for scale in some])
            self._ingest.receive(cose.seal(payload, cose.ENVELOPE, self._gateway.key))
        self._cloud.worker.wake()
        with self._cloud.stores.ledger.reader.connect() as connection:
            newest = store.last_index(connection)
        if not self._cloud.worker.wait_for(newest, _LONGEST_S):
            raise Unavailable("bench.projections", "the fleet is not level")

    def ask_ms(self, path: str) -> float:
        """Return the milliseconds of one answer."""
        start = time.perf_counter()
        httpx.get(f"{self.url}{path}", cookies={guard.SESSION: self.token}, timeout=_LONGEST_S).raise_for_status()
        return (time.perf_counter() - start) * 1000
