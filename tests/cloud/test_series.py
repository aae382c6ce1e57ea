"""The time series on real servers: written through the outbox, read back alike, nothing lost while they are down."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy import insert
from tracewire.errors import Misuse, Rejected, Unavailable

from cloud.projection_schema import DerivedSchema
from cloud.timeseries import reading, shipping, store
from cloud.timeseries.server import SeriesServer, line_of, parse
from cloud.timeseries.shipping import Shipper, Shipping
from cloud.timeseries.store import Bucket, Sample
from simulators import series_servers
from simulators.ports import free_port
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

HOUR_MS = 3_600_000
LONG_ENOUGH_S = 30
SERVERS = {"victoria": series_servers.victoria_metrics, "influx": series_servers.influxdb}


@pytest.fixture(scope="module", params=sorted(SERVERS))
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with SERVERS[request.param]() as url:
        yield url


def an_hour_ago() -> int:
    return (time.time_ns() // 1_000_000 // HOUR_MS - 1) * HOUR_MS


def samples(device: str, start_ms: int, count: int) -> list[Sample]:
    return [
        Sample(device, "sale", "第八 市场,甲=区", start_ms + 60_000 * number, number + 1, 500 + number, 1_800)
        for number in range(count)
    ]


def eventually(ask: Callable[[], list[Bucket]], wanted: list[Bucket]) -> None:
    """Servers show what they have taken after a moment."""
    deadline = time.monotonic() + LONG_ENOUGH_S
    while (found := ask()) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_what_is_written_reads_back_as_from_the_embedded_store(url: str, cloud: CloudUnderTest) -> None:
    start_ms = an_hour_ago()
    some = samples("scale-0001", start_ms, 7) + samples("scale-0002", start_ms, 2)
    server, address = SeriesServer(parse(url), ""), parse(url)
    server.write([line_of(sample) for sample in some])
    server.write([line_of(sample) for sample in some])  # the same points
    with cloud.cloud.stores.projections.writer.begin() as connection:
        store.write(connection, some)
    with cloud.cloud.stores.projections.reader.connect() as connection:
        wanted = store.buckets(connection, "sale", HOUR_MS, start_ms, start_ms + HOUR_MS, device="scale-0001")
    assert wanted == [Bucket(start_ms, 7, 7 * 500 + 21, 7 * 1_800)]
    eventually(
        lambda: reading.buckets(address, "sale", HOUR_MS, start_ms, start_ms + HOUR_MS, device="scale-0001"), wanted
    )
    assert reading.buckets(address, "sale", HOUR_MS, start_ms, start_ms + HOUR_MS, device="nobody' or \"x") == []
    server.close()


def outbox_of(cloud: CloudUnderTest, lines: list[str]) -> None:
    projections = cloud.cloud.stores.projections
    DerivedSchema([Shipping()]).add_missing(projections)
    with projections.writer.begin() as connection:
        connection.execute(insert(shipping.TABLES.tables["series_outbox"]), [{"line": line} for line in lines])


def test_a_line_that_is_refused_for_ever_is_parked_and_the_rest_flows(cloud: CloudUnderTest) -> None:
    with series_servers.influxdb() as url:
        good = [line_of(sample) for sample in samples("scale-0007", an_hour_ago(), 20)]
        outbox_of(cloud, [*good[:9], "this is no line", *good[9:]])
        shipper = Shipper(cloud.cloud.stores.projections, SeriesServer(parse(url), ""))
        assert shipper.ship() == 20
        assert shipper.ship() == 0
        assert shipping.backlog(cloud.cloud.stores.projections) == (0, 1)
        shipper.stop()


def test_a_server_that_is_away_costs_nothing(cloud: CloudUnderTest) -> None:
    port = free_port()
    outbox_of(cloud, [line_of(sample) for sample in samples("scale-0008", an_hour_ago(), 3)])
    projections = cloud.cloud.stores.projections
    shipper = Shipper(projections, SeriesServer(parse(f"http://127.0.0.1:{port}?read=promql"), ""))
    with pytest.raises(Unavailable, match=r"series\.down"):
        shipper.ship()
    assert shipping.backlog(projections) == (3, 0)
    with series_servers.victoria_metrics(port):
        assert shipper.ship() == 3
    assert shipping.backlog(projections) == (0, 0)
    shipper.stop()


def test_a_cloud_with_a_series_server_ships_every_record(tmp_path: Path) -> None:
    market = Market()
    start_ms = an_hour_ago()
    with series_servers.victoria_metrics() as url:
        os.environ["CHENGXIN_SERIES"] = url
        try:
            cloud = CloudUnderTest(tmp_path / "cloud", market)
            assert cloud.cloud.shipper is not None
            cloud.cloud.shipper.start()
            lot = market.pork_for()
            for number in range(3):
                market.sell(lot, grams=500, time_ms=start_ms + 1_000 * number)
            cloud.deliver(market.envelope())
            cloud.catch_up()
            wanted = [Bucket(start_ms, 3, 1_500, 5_400)]
            eventually(lambda: reading.buckets(parse(url), "sale", HOUR_MS, start_ms, start_ms + HOUR_MS), wanted)
            assert cloud.public.get("/healthz").json()["series_parked"] == 0
            assert "chengxin_cloud_series_waiting 0.0" in cloud.public.get("/metrics").text
            cloud.cloud.shipper.stop()
            cloud.stop()
        finally:
            del os.environ["CHENGXIN_SERIES"]


@pytest.mark.parametrize("url", ["", "ftp://x", "http://u:p@h:1?db=x", "http://h?token=x", "http://h?read=sql"])
def test_an_address_that_nobody_understands_is_a_mistake(url: str) -> None:
    with pytest.raises(Misuse, match=r"series\.url"):
        parse(url)


def test_a_database_that_is_not_there_yet_is_waited_for_and_a_bad_line_is_not() -> None:
    with series_servers.influxdb() as url:
        server = SeriesServer(parse(url.replace("chengxin", "no_such_database")), "")
        with pytest.raises(Unavailable, match=r"series\.down"):
            server.write([line_of(samples("scale-0001", an_hour_ago(), 1)[0])])
        server.close()
        server = SeriesServer(parse(url), "")
        with pytest.raises(Rejected, match=r"series\.refused"):
            server.write(["this is no line"])
        server.close()


@pytest.mark.parametrize("query", ["?org=market&bucket=chengxin", "?db=chengxin"])
def test_a_server_that_refuses_every_line_for_ever_parks_them_and_the_next_ones_flow(
    cloud: CloudUnderTest, query: str
) -> None:
    projections = cloud.cloud.stores.projections
    with answering(400) as server:
        outbox_of(cloud, [line_of(sample) for sample in samples("scale-0009", an_hour_ago(), 5)])
        shipper = Shipper(projections, SeriesServer(parse(server.url + query), ""))
        assert shipper.ship() == 0
        assert shipping.backlog(projections) == (0, 5)
        server.status = 204
        outbox_of(cloud, [line_of(sample) for sample in samples("scale-0010", an_hour_ago(), 2)])
        assert shipper.ship() == 2
        assert shipping.backlog(projections) == (0, 5)
        shipper.stop()


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_server_that_lets_nobody_in_keeps_every_line_waiting(cloud: CloudUnderTest, status: int) -> None:
    projections = cloud.cloud.stores.projections
    with answering(status) as server:
        outbox_of(cloud, [line_of(sample) for sample in samples("scale-0011", an_hour_ago(), 5)])
        shipper = Shipper(projections, SeriesServer(parse(server.url + "?db=chengxin"), ""))
        with pytest.raises(Unavailable, match=str(status)):
            shipper.ship()
        assert shipping.backlog(projections) == (5, 0)
        server.status = 204
        assert shipper.ship() == 5
        assert shipping.backlog(projections) == (0, 0)
        shipper.stop()


class Answering(HTTPServer):
    """A server of somebody else's that answers every post with one status."""

    status: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Post(BaseHTTPRequestHandler):
    server: Answering

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def answering(status: int) -> Iterator[Answering]:
    server = Answering(("127.0.0.1", 0), _Post)
    server.status = status
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
