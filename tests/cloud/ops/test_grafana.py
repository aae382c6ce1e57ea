"""Every query of the Grafana dashboards has an answer from real servers that hold what a cloud really says."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from cloud import dashboards
from cloud.health import Gauges
from cloud.registry import RegistryFile, read_root
from cloud.status import Status
from cloud.timeseries.server import SeriesServer, line_of, parse
from cloud.timeseries.store import Sample
from simulators import series_servers
from simulators.node import now_ms
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

FOLDER = Path(dashboards.__file__).parent / "grafana"
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))
LONG_ENOUGH_S = 30


def queries(source: str) -> list[str]:
    """Return what panels ask of one source."""
    asked = []
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            asked += [
                target.get("expr") or target["query"]
                for target in panel["targets"]
                if target["datasource"]["uid"] == source
            ]
    assert asked
    return asked


def samples() -> list[Sample]:
    """Return a record of each kind that a panel is about, some minutes old."""
    now = now_ms()
    kinds = ("weighing", "sale", "health", "audit")
    return [
        Sample("scale-0001", kind, "第八市场", now - 60_000 * minute, 10 * minute + place, 500, 1_800)
        for minute in range(1, 4)
        for place, kind in enumerate(kinds)
    ]


@pytest.fixture(scope="module")
def victoria() -> Iterator[str]:
    with series_servers.victoria_metrics() as url:
        yield url


def until(ask: Callable[[], list[Any]]) -> list[Any]:
    """Ask until there is an answer: servers show what they have taken after a moment."""
    deadline = time.monotonic() + LONG_ENOUGH_S
    while not (found := ask()):
        assert time.monotonic() < deadline, "no answer"
        time.sleep(0.2)
    return found


def promql(url: str, query: str) -> list[Any]:
    answer = httpx.get(f"{url.partition('?')[0]}/api/v1/query", params={"query": query, "nocache": "1"})
    answer.raise_for_status()
    return list(answer.json()["data"]["result"])


def _figures_with_an_outbox(cloud: CloudUnderTest) -> str:
    """Return the gauges of a cloud that has a time-series server."""
    root = read_root(cloud.config.directory / "root.point")
    registry = RegistryFile(cloud.config.directory / "registry.cose", root, cloud.cloud.stores.ledger, now_ms)
    status = Status(cloud.cloud.stores.ledger, registry, dict, lambda: (0, 0), lambda: (0, 0))
    said = CollectorRegistry()
    said.register(Gauges(status))
    return generate_latest(said).decode()


def test_every_figure_of_the_cloud_that_a_panel_shows_exists(
    cloud: CloudUnderTest, market: Market, victoria: str
) -> None:
    cloud.deliver(market.envelope(market.health()))
    cloud.deliver(market.envelope(b"\xa0"))
    assert cloud.ingest.post("/v1/records", content=b"", headers={"Content-Type": "application/cose"}).is_error
    cloud.catch_up()
    base = victoria.partition("?")[0]
    now = now_ms()
    for age_ms in (60_000, 0):
        said = cloud.public.get("/metrics").text + _figures_with_an_outbox(cloud)
        url = f"{base}/api/v1/import/prometheus?timestamp={now - age_ms}"
        httpx.post(url, content=said.encode()).raise_for_status()
    for query in queries("chengxin-metrics"):
        assert until(lambda query=query: promql(victoria, query)), query  # type: ignore[misc]


def test_every_figure_of_the_markets_that_a_panel_shows_exists(victoria: str) -> None:
    SeriesServer(parse(victoria), "").write([line_of(sample) for sample in samples()])
    for query in queries("chengxin-series"):
        assert until(lambda query=query: promql(victoria, query)), query  # type: ignore[misc]


def test_influxdb_answers_its_panels() -> None:
    with series_servers.influxdb() as url:
        SeriesServer(parse(url), "").write([line_of(sample) for sample in samples()])
        for query in queries("chengxin-influxdb"):
            asked = query.replace("$timeFilter", "time > now() - 1h").replace("$__interval", "1m")
            answer = httpx.get(f"{url.partition('?')[0]}/query", params={"db": "chengxin", "q": asked}).json()
            assert answer["results"][0]["series"][0]["values"], query


def test_panels_read_only_sources_that_are_provisioned() -> None:
    provisioned = (FOLDER / "provisioning" / "datasources" / "chengxin.yaml").read_text(encoding="utf-8")
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            assert f"uid: {panel['datasource']['uid']}\n" in provisioned
