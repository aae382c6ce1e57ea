"""Three days without a line, and then all of it at once: how fast devices empty into the ledger, through the gateway.

    python -m simulators.bench drain

Nobody had a gateway and the gateway had no cloud. Every record bears its own moment of the 72 simulated hours; sealing
them is not measured. The clock starts with the connections, over MQTT and TLS, when the real gateway and the real
cloud are up, and stops when the last device holds the cloud's receipt for its last record. Devices are threads on the
host, as in ``fleet``, and share the cores.
"""

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
from tracewire import record

from simulators.bench.figures import Figure, at_most
from simulators.bench.fleet import WEIGHING, enrol, wait_until_settled
from simulators.node import now_ms
from simulators.site import Site
from simulators.upstream import UpstreamDevice

HOURS = 72
DEVICES, RECORDS = 20, 500
"""A weighing every nine minutes, day and night."""


def figures() -> list[Figure]:
    """Measure one site that begins with everything three days late."""
    with tempfile.TemporaryDirectory() as folder, Site.create(Path(folder, "site"), lambda _: None, stalls=()) as site:
        names = [f"scale-{number:04d}" for number in range(1001, 1001 + DEVICES)]
        enrol(site, names)
        devices = [UpstreamDevice(site.node(name), "localhost", site.mqtt_port) for name in names]
        for device in devices:
            _live_through(device)
        site.cloud.start()
        site.gateway.start()
        start = time.perf_counter()
        with ExitStack() as stack:
            for device in devices:
                stack.enter_context(device)
            wait_until_settled(devices)
            seconds = time.perf_counter() - start
        in_ledger = httpx.get(f"http://127.0.0.1:{site.public_port}/healthz").json()["records"]
    what = f"drain after {HOURS} h offline, {DEVICES} devices with {RECORDS} records each, to the cloud's receipt"
    return [
        Figure(what, f"{DEVICES * RECORDS / seconds:,.0f} records a second, {seconds:.0f} s"),
        at_most("of them not in the ledger, or there twice", abs(DEVICES * RECORDS - in_ledger), 0, "records"),
    ]


def _live_through(device: UpstreamDevice) -> None:
    """State what a device weighs in three days, each record at its own simulated time."""
    begin_ms, step_ms = now_ms() - HOURS * 3_600_000, HOURS * 3_600_000 // RECORDS
    for index in range(RECORDS):
        device.state(record.WEIGHING, WEIGHING, begin_ms + index * step_ms)
