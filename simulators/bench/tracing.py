"""What a trace costs in a large ledger: both ways, linking, a recall of ten thousand sales, the consumer's page.

    python -m simulators.bench tracing
    CHENGXIN_BENCH_RECORDS=10000000 python -m simulators.bench tracing

Views are asked in this process, and bars are for the processor time of an answer, because the machine is shared; times
by the clock stand beside them. The page is the real one over loopback, in Chromium, on a network like DevTools' "Slow
3G": 400 kbit/s, and two seconds until the first byte of each answer.
"""

import base64
import contextlib
import os
import random
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

from cloud.app import Cloud, create_cloud
from cloud.batches.projection import BatchLinks
from cloud.projections import Projections
from cloud.recall import tables
from cloud.recall.case import RecallView
from cloud.registry import RegistryFile, read_root
from cloud.trace.forward import ForwardView
from cloud.trace.view import TraceView
from simulators import chromium
from simulators.bench.figures import Figure, at_most
from simulators.bench.tracing_ledger import DEPTH, SALES, Chain, TracingLedger
from simulators.node import now_ms

RECORDS = int(os.environ.get("CHENGXIN_BENCH_RECORDS", "1000000"))
_TIMES = 300
_SLOW_3G = {"offline": False, "latency": 2000, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_SENT = "performance.getEntries().reduce((sum, each) => sum + (each.transferSize || 0), 0)"


def figures() -> list[Figure]:
    """Measure everything over one ledger."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = TracingLedger(Path(folder), RECORDS)
        cloud = create_cloud(ledger.config, project=False)
        try:
            linking = _linking(cloud, ledger)
            return [linking, *_views(cloud, ledger), *_page(cloud, ledger.chains[-1])]
        finally:
            cloud.close()


def _linking(cloud: Cloud, ledger: TracingLedger) -> Figure:
    derived = Projections(cloud.stores.ledger, cloud.stores.projections, [BatchLinks()])
    _, spent_ms = _spent_ms(lambda: derived.catch_up(lambda _name, _count: None))
    return Figure(
        f"linking {ledger.records:,} records to the graph, on one core",
        f"{ledger.records * 1000 / spent_ms:,.0f} records/s",
    )


def _views(cloud: Cloud, ledger: TracingLedger) -> Iterator[Figure]:
    root = read_root(ledger.config.directory / "root.point")
    registry = RegistryFile(ledger.config.directory / "registry.cose", root, cloud.stores.ledger, now_ms)
    both = cloud.stores.ledger, cloud.stores.projections, registry
    view, forward, recalls = TraceView(*both), ForwardView(*both), RecallView(*both)
    chance = random.Random(5)

    def measured(what: str, ask: Callable[[Chain], object]) -> Iterator[Figure]:
        spent = [_spent_ms(lambda: ask(chance.choice(ledger.chains))) for _ in range(_TIMES)]
        (clock, processor), last = (sorted(each) for each in zip(*spent, strict=True)), _TIMES * 99 // 100
        yield Figure(f"{what} in {ledger.records:,} records, depth {DEPTH}, p50", f"{processor[_TIMES // 2]:.1f} ms")
        yield at_most("the same, p99", processor[last], 50, "ms", 1)
        yield Figure("the same by the clock, p50 and p99", f"{clock[_TIMES // 2]:.0f} and {clock[last]:.0f} ms")

    yield from measured("trace of a slip", lambda each: view.tell(each.slip))
    yield from measured("forward trace of a farm's lot", lambda each: forward.tell(each.farm_lot))
    lot = ledger.chains[0].farm_lot
    clock_ms, processor_ms = _spent_ms(lambda: (recalls.tell(lot), sum(1 for _ in tables.sales(forward, lot))))
    yield at_most(f"recall of a lot with {SALES:,} sales, every sale listed", processor_ms, 1_000, "ms")
    yield Figure("the same by the clock", f"{clock_ms:.0f} ms")


def _page(cloud: Cloud, slip: Chain) -> Iterator[Figure]:
    text = base64.urlsafe_b64encode(slip.sealed).rstrip(b"=").decode()
    with _served(cloud) as url, sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", _SLOW_3G)
        page.goto(f"{url}/t/{slip.slip}#{text}", timeout=120_000)
        page.locator("#phone[data-done]").wait_for(timeout=120_000)
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
        yield at_most("consumer's page: transferred, nothing in the cache", page.evaluate(_SENT) / 1024, 60, "KiB", 1)
        yield Figure("first contentful paint on slow 3G", f"{page.evaluate(_PAINT):.0f} ms")
        fast = browser.new_page()
        fast.goto(f"{url}/t/{slip.slip}#{text}")
        fast.locator("#phone[data-done]").wait_for()
        spent = fast.get_attribute("#phone", "data-done")
        browser.close()
    yield Figure("checked on the phone, keys and receipt fetched over loopback", f"{spent} ms")


@contextlib.contextmanager
def _served(cloud: Cloud) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(cloud.public_app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def _spent_ms(ask: Callable[[], object]) -> tuple[float, float]:
    """Return milliseconds by the clock and of this thread on the processor."""
    start, start_processor = time.perf_counter(), time.thread_time()
    ask()
    return (time.perf_counter() - start) * 1000, (time.thread_time() - start_processor) * 1000
