"""What an operator sees: figures of the stores, the same after a restart, as a page and for Prometheus."""

import importlib.metadata

from cloud.app import every_projection
from cloud.ledger import store
from simulators.node import Node
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

HEARD_MS = 1_900_000_000_000


def _forked(market: Market) -> tuple[bytes, bytes]:
    """Return two records of the scale with the same number; it goes on from the second."""
    genesis = market.scale.head
    other = market.health(time_ms=HEARD_MS + 1)
    market.scale.head = genesis
    return market.health(time_ms=HEARD_MS), other


def _have_a_bad_day(cloud: CloudUnderTest, market: Market) -> None:
    """Leave three records, two holes at one device and one at another, a fork, and two kinds of refusals."""
    first, other = _forked(market)
    cloud.deliver(market.envelope(first, other, first[:-1], received_ms=HEARD_MS - 1))
    for node, number_missing in ((market.scale, 2), (market.scale, 1), (market.farm, 1)):
        for _ in range(number_missing):
            market.health(node)
        cloud.deliver(market.envelope(market.health(node), received_ms=HEARD_MS))
    cloud.catch_up()


def test_an_empty_cloud_has_heard_nobody(cloud: CloudUnderTest) -> None:
    assert cloud.public.get("/status").json() == {
        "status": "ok",
        "version": importlib.metadata.version("chengxin"),
        "records": 0,
        "open_holes": 0,
        "devices_with_holes": 0,
        "forks": 0,
        "quarantined_by_reason": {},
        "projection_lag": dict.fromkeys((each.name for each in every_projection()), 0),
        "witnessed_records": 0,
        "witnessed_until_ms": 0,
        "gateways_heard_ms": {"gateway-01": None},
        "receipts_outstanding": None,
        "series_waiting": None,
        "series_parked": None,
    }


def test_what_went_wrong_is_counted_in_the_stores_and_survives_a_restart(cloud: CloudUnderTest, market: Market) -> None:
    _have_a_bad_day(cloud, market)
    before = cloud.public.get("/status").json()
    assert (before["records"], before["forks"]) == (4, 1)
    assert (before["open_holes"], before["devices_with_holes"]) == (3, 2)
    assert before["quarantined_by_reason"]["chain.fork"] == 1
    assert sum(before["quarantined_by_reason"].values()) == len(cloud.rows(store.quarantine)) == 2
    assert before["gateways_heard_ms"] == {"gateway-01": HEARD_MS}
    cloud.stop()
    cloud.start()
    assert cloud.public.get("/status").json() == before


def test_prometheus_gets_the_same_figures(cloud: CloudUnderTest, market: Market) -> None:
    market.nodes.append(Node("gateway-02", "gateway"))
    cloud.publish_registry()
    _have_a_bad_day(cloud, market)
    lines = cloud.public.get("/metrics").text.splitlines()
    for line in (
        "chengxin_cloud_ledger_records 4.0",
        "chengxin_cloud_ledger_forks 1.0",
        "chengxin_cloud_ledger_open_holes 3.0",
        "chengxin_cloud_devices_with_holes 2.0",
        'chengxin_cloud_quarantine_records{code="chain.fork"} 1.0',
        'chengxin_cloud_projection_lag_records{projection="activity"} 0.0',
        'chengxin_cloud_gateway_heard_seconds{gateway="gateway-01"} 1.9e+09',  # HEARD_MS
        'chengxin_cloud_gateway_heard_seconds{gateway="gateway-02"} 0.0',
    ):
        assert line in lines
