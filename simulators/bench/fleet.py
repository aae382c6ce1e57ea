"""From the weighing to the ledger with fifty devices at one gateway, and how fast a gateway empties after an outage.

    python -m simulators.bench fleet

Gateway and cloud are the real programs, the broker is the gateway's own. The devices are threads on the host and not
MicroPython, fifty of which would be the whole machine: each has its own certificate, connection, key and chain,
publishes over MQTT and TLS, and keeps a record until the cloud's sealed receipt covers it. How long it took is read
from the ledger: when a record was committed, less when its device sealed it, by one clock.
"""

import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
from sqlalchemy import select
from tracewire import record
from tracewire.errors import Unavailable

from cloud.config import load
from cloud.ledger import store
from cloud.stores import open_ledger
from simulators.bench.figures import Figure, at_most
from simulators.bench.yard import chengxin
from simulators.site import GATEWAY_NAME, MARKET, Site
from simulators.upstream import UpstreamDevice

DEVICES = 50
SECONDS_BETWEEN, WEIGHINGS = 2.0, 20
"""Of one device: faster than anybody sells."""
OFFLINE_RECORDS = 200
"""That each device seals while the gateway has no cloud: what a stall seals in 72 hours."""
TIMEOUT_S = 300.0
WEIGHING: dict[str, object] = {"gross_grams": 520, "tare_grams": 8, "tare_mode": 1, "net_grams": 512, "e_grams": 5}


def figures() -> list[Figure]:
    """Measure one site, first on line and then after an outage of the cloud."""
    with tempfile.TemporaryDirectory() as folder, Site.create(Path(folder, "site"), lambda _: None, stalls=()) as site:
        names = [f"scale-{number:04d}" for number in range(1001, 1001 + DEVICES)]
        enrol(site, names)
        site.cloud.start()
        site.gateway.start()
        with ExitStack() as stack:
            devices = [
                stack.enter_context(UpstreamDevice(site.node(name), "localhost", site.mqtt_port)) for name in names
            ]
            _state_all(devices, 1, 0.0)  # every connection is up
            wait_until_settled(devices)
            _state_all(devices, WEIGHINGS, SECONDS_BETWEEN)
            wait_until_settled(devices)
            milliseconds = sorted(_delays_ms(site)[DEVICES:])
            rate = _drain(site, devices)
    middle, late = len(milliseconds) // 2, len(milliseconds) * 99 // 100
    what = f"weighed to committed, {DEVICES} devices through gateway and TLS"
    return [
        at_most(f"{what}, p50", milliseconds[middle], 150, "ms"),
        at_most("the same, p99", milliseconds[late], 500, "ms"),
        Figure(f"drain of {DEVICES * OFFLINE_RECORDS:,} records after an outage", f"{rate:,.0f} records a second"),
    ]


def enrol(site: Site, names: list[str]) -> None:
    """Give these scales of a market their keys and certificates, and everybody the registry that has them."""
    for name in names:
        ca, place = ("--ca", site.authority), ("--site", MARKET)
        chengxin("device", "enrol", name, *ca, "--role", "scale", *place, "--dir", site.node(name))
    for name in ("cloud-01", GATEWAY_NAME, *names):
        chengxin("ca", "export", "--ca", site.authority, "--out", site.node(name))


def _state_all(devices: list[UpstreamDevice], count: int, pause_s: float) -> None:
    """Let every device weigh ``count`` times, each at its own moment of the pause."""

    def weigh(device: UpstreamDevice, first_s: float) -> None:
        time.sleep(first_s)
        for _ in range(count):
            device.state(record.WEIGHING, WEIGHING)
            time.sleep(pause_s)

    threads = [
        threading.Thread(target=weigh, args=(device, pause_s * number / len(devices)))
        for number, device in enumerate(devices)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def wait_until_settled(devices: list[UpstreamDevice]) -> None:
    """Wait for the cloud's receipt of everything stated; ``Unavailable`` when one does not come in time."""
    for device in devices:
        device.wait_until_settled(TIMEOUT_S)


def _delays_ms(site: Site) -> list[int]:
    ledger = open_ledger(load(site.node("cloud-01")))
    try:
        with ledger.reader.connect() as connection:
            times = select(store.records.c.committed_ms, store.records.c.time_ms).order_by(store.records.c.idx)
            return [row.committed_ms - row.time_ms for row in connection.execute(times)]
    finally:
        ledger.close()


def _drain(site: Site, devices: list[UpstreamDevice]) -> float:
    """Return records a second from the moment at which the cloud is there again."""
    site.cloud.stop()
    _state_all(devices, OFFLINE_RECORDS, 0.0)
    waiting = DEVICES * OFFLINE_RECORDS
    _wait_for(site, lambda outbox: outbox == waiting)
    site.cloud.start()
    start = time.perf_counter()
    _wait_for(site, lambda outbox: outbox == 0)
    return waiting / (time.perf_counter() - start)


def _wait_for(site: Site, is_so: Callable[[int], bool]) -> None:
    """Wait until the gateway's count of records without the cloud's answer is as wanted."""
    deadline = time.monotonic() + TIMEOUT_S
    while not is_so(outbox := httpx.get(f"http://127.0.0.1:{site.status_port}/status").json()["outbox_records"]):
        if time.monotonic() > deadline:
            raise Unavailable("bench.outbox", f"{outbox} records")
        time.sleep(0.05)
