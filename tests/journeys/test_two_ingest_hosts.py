"""A cloud of two hosts, set up by the lines of docs/operations.md ("Several hosts"); then each host dies once.

Who changes the section changes this test (``several_hosts.py`` reads it).
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from tracewire import record

from cloud.timeseries.server import MEASUREMENT
from simulators import accounting
from simulators.node import now_ms
from simulators.postgres import PostgresServer
from simulators.series_servers import victoria_metrics
from simulators.upstream import UpstreamDevice
from tests.journeys.several_hosts import DEVICES, Cluster

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
AT_ONCE = 12
"""Records of each device before a host is killed, and as many while it is dead."""
LONG_ENOUGH_S = 90.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    server = PostgresServer()
    try:
        with victoria_metrics() as series:
            yield Cluster(tmp_path, server.new_database(), series)
    finally:
        server.remove()


def wait(condition: Callable[[], bool]) -> None:
    """Wait for what shows only on pages."""
    deadline = time.monotonic() + LONG_ENOUGH_S
    while True:
        with suppress(httpx.TransportError):
            if condition():
                return
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def state(devices: list[UpstreamDevice], began_ms: int) -> None:
    """Let every device say some more; no two records of one are of the same millisecond."""
    for _ in range(AT_ONCE):
        for device in devices:
            device.state(record.CLOCK, {"before_ms": 1, "source": 1}, began_ms + 10 * device.signed)


def series_of(url: str) -> dict[str, int]:
    """Ask VictoriaMetrics in PromQL how many points each device has."""
    question = f"sum by (device) (count_over_time({MEASUREMENT}_grams[1d]))"
    answer = httpx.get(f"{url}/api/v1/query", params={"query": question, "nocache": 1}, trust_env=False).json()
    return {each["metric"]["device"]: int(each["value"][1]) for each in answer["data"]["result"]}


def test_each_host_dies_once_and_the_ledger_is_exactly_what_was_signed(cluster: Cluster) -> None:
    cluster.build()
    began_ms = now_ms() - 60_000
    with ExitStack() as until:
        devices = cluster.run(until)
        for host in cluster.hosts:
            state(devices, began_ms)
            host.kill()
            state(devices, began_ms)
            for device in devices:
                device.wait_until_settled(LONG_ENOUGH_S)
            host.start()
        wait(lambda: cluster.waiting_records() == 0)
        signed = sum(device.signed for device in devices)
        for host in cluster.hosts:
            histories = [accounting.upstream_history(cluster.hosts[0].home / name) for name in DEVICES]
            account = accounting.settle(accounting.read_ledger(host.url), {}, histories, [])
            assert account.errors == []
            assert account.signed == account.committed == signed == 4 * AT_ONCE * len(devices)
        wait(lambda: all(is_well(host.health(), signed) for host in cluster.hosts))
        wait(lambda: series_of(cluster.series) == {device.name: device.signed for device in devices})


def is_well(health: dict[str, Any], records: int) -> bool:
    """Tell whether a host says what the page wants to hear."""
    lags = (*health["projection_lag"].values(), health["series_waiting"], health["series_parked"])
    return health["records"] == records and "series" in health["projection_lag"] and not any(lags)


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    units = sorted(map(str, (Cluster(tmp_path, database="", series="").directory / "units").iterdir()))
    assert len(units) == 2
    said = subprocess.run(
        ["/usr/bin/systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stderr) == (0, "")
