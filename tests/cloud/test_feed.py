"""Orders become statements for the devices they concern, newer each time, and for nobody else."""

import subprocess
import sys
from pathlib import Path

import pytest
from tracewire import cbor, cose, feed, p256
from tracewire.errors import Rejected

from cloud.db.engine import Store
from cloud.feed import orders
from cloud.feed.orders import Price
from cloud.feed.statements import RENEW_MS, VALID_MS, Statements
from cloud.feed.store import EVERYONE
from cloud.registry import RegistryFile, read_root
from simulators.node import now_ms
from tests.cloud.conftest import CloudUnderTest, listener
from tests.cloud.market import Market

LOT, OTHER_LOT = "35020000200010000003", "35020000200010000004"
Row = tuple[str, int, int, bytes]


def store(cloud: CloudUnderTest) -> Store:
    return cloud.cloud.stores.ledger


def pull(cloud: CloudUnderTest, since: int = 0, gateway: str = "gateway-01") -> tuple[int, list[Row]]:
    """What a gateway hears over HTTP."""
    listener("ingest").caller = gateway
    response = cloud.ingest.get("/v1/feed", params={"since": since})
    assert response.status_code == 200, response.text
    answer = cbor.decode(response.content)
    assert isinstance(answer, dict) and answer[1] == 1
    return answer[2], [(row[0], row[1], row[2], row[3]) for row in answer[3]]


def opened(market: Market, row: Row) -> feed.Statement:
    """A statement as its device opens it."""
    payload = cose.open(row[3], cose.FEED, p256.VerifyingKey(market.cloud.key.point)).payload
    statement = feed.decode(payload)
    assert (statement.kind, statement.serial) == (row[1], row[2])
    return statement


def test_a_freeze_reaches_every_seller_of_the_site_with_the_whole_list(cloud: CloudUnderTest) -> None:
    market = cloud.market
    market.add("scale-0002", "scale").credential.site = "第八市场"
    market.add("scale-0003", "scale").credential.site = "夏商批发市场"
    cloud.publish_registry()
    orders.freeze(store(cloud), LOT, "clenbuterol", now_ms())
    orders.freeze(store(cloud), OTHER_LOT, "no papers", now_ms())
    version, rows = pull(cloud)
    assert [row[:2] for row in rows] == [("scale-0001", feed.FREEZE), ("scale-0002", feed.FREEZE)]
    statement = opened(market, rows[0])
    assert statement.kid == market.scale.kid
    assert statement.body == ((LOT,), (OTHER_LOT,))
    assert pull(cloud, version) == (version, [])
    orders.unfreeze(store(cloud), LOT, now_ms())
    version, rows = pull(cloud, version)
    assert [opened(market, row).body for row in rows] == [((OTHER_LOT,),)] * 2
    assert rows[0][2] > statement.serial


def test_who_is_enrolled_later_or_gets_another_key_hears_what_stands(cloud: CloudUnderTest) -> None:
    orders.freeze(store(cloud), LOT, "clenbuterol", now_ms())
    version, _ = pull(cloud)
    late = cloud.market.add("scale-0009", "scale")
    cloud.publish_registry()
    version, rows = pull(cloud, version)
    assert [row[0] for row in rows] == ["scale-0009"]
    late.credential.state = "revoked"
    cloud.publish_registry()
    orders.unfreeze(store(cloud), LOT, now_ms())
    assert [row[0] for row in pull(cloud, version)[1]] == ["scale-0001"]


def test_an_order_for_one_device_goes_before_that_for_everyone(cloud: CloudUnderTest) -> None:
    cloud.market.add("scale-0002", "scale")
    cloud.publish_registry()
    orders.order_prices(store(cloud), EVERYONE, [Price(1, "五花肉", 3680)], now_ms())
    orders.order_prices(store(cloud), "scale-0002", [Price(1, "五花肉", 3580)], now_ms())
    prices = {row[0]: opened(cloud.market, row).body for row in pull(cloud)[1]}
    assert prices["scale-0001"] == ((1, "五花肉", "五花肉".encode("gbk"), 3680),)
    assert prices["scale-0002"][0][3] == 3580


def test_a_statement_is_sealed_anew_before_it_runs_out(cloud: CloudUnderTest) -> None:
    clock = [now_ms()]
    directory = cloud.config.directory
    registry = RegistryFile(directory / "registry.cose", read_root(directory / "root.point"), store(cloud), now_ms)
    sealer = Statements(store(cloud), registry, cloud.market.cloud.key, lambda: clock[0])
    orders.order_stock(store(cloud), "scale-0001", [(LOT, 12_500)], clock[0])
    first = sealer.since("gateway-01", 0)
    clock[0] += RENEW_MS - 1
    assert sealer.since("gateway-01", first.version).rows == ()
    clock[0] += 2
    (renewed,) = sealer.since("gateway-01", first.version).rows
    assert opened(cloud.market, renewed).expires_ms == clock[0] + VALID_MS
    assert renewed[2] > first.rows[0][2]


def test_a_device_enrolled_after_an_order_hears_of_it_and_nobody_else_again(cloud: CloudUnderTest) -> None:
    orders.freeze(store(cloud), LOT, "clenbuterol", now_ms())
    version, _ = pull(cloud)
    assert pull(cloud, version) == (version, [])
    cloud.market.add("scale-0002", "scale")
    cloud.publish_registry()
    newer, rows = pull(cloud, version)
    assert [row[:2] for row in rows] == [("scale-0002", feed.FREEZE)]
    assert pull(cloud, newer) == (newer, [])


def test_what_no_device_could_hold_or_print_is_refused_and_changes_nothing(cloud: CloudUnderTest) -> None:
    for wrong in (
        lambda: orders.freeze(store(cloud), "pork", "x", 1),
        lambda: orders.unfreeze(store(cloud), LOT, 1),
        lambda: orders.order_prices(store(cloud), "scale-0001", [], 1),
        lambda: orders.order_prices(store(cloud), "scale-0001", [Price(1, "肉", 0)], 1),
        lambda: orders.order_prices(store(cloud), "scale-0001", [Price(1, "🐖", 1)], 1),
        lambda: orders.order_prices(store(cloud), "scale-0001", [Price(1, "a", 1), Price(1, "b", 1)], 1),
        lambda: orders.order_prices(store(cloud), "Not A Name", [Price(1, "a", 1)], 1),
        lambda: orders.order_stock(store(cloud), "scale-0001", [(LOT, -1)], 1),
    ):
        with pytest.raises(Rejected):
            wrong()
    for number in range(feed.MOST_FROZEN):
        orders.freeze(store(cloud), f"{number:020}", "x", 1)
    with pytest.raises(Rejected):
        orders.freeze(store(cloud), LOT, "one too many", 1)
    assert len(opened(cloud.market, pull(cloud)[1][0]).body) == feed.MOST_FROZEN


@pytest.mark.parametrize("name", ["scale-0001", "nobody-01", "", "x" * 33])
def test_only_a_gateway_pulls(cloud: CloudUnderTest, name: str) -> None:
    listener("ingest").caller = name
    response = cloud.ingest.get("/v1/feed", params={"gateway": "gateway-01", "since": 0})
    assert (response.status_code, response.json()["code"]) == (403, "feed.gateway")


def test_orders_survive_a_restart_and_serials_a_restored_copy(cloud: CloudUnderTest) -> None:
    orders.freeze(store(cloud), LOT, "clenbuterol", now_ms())
    version, rows = pull(cloud)
    cloud.stop()
    cloud.start()
    assert pull(cloud) == (version, rows)
    assert rows[0][2] >= now_ms() - 60_000  # numbers follow the clock


def test_the_commands_order_and_show(cloud: CloudUnderTest) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("chengxin")), "cloud", "feed", *words]
        return subprocess.run(
            [*command, "--dir", str(cloud.config.directory)], capture_output=True, text=True, check=False
        )

    assert run("price", "--device", "scale-0001", "--plu", "1:五花肉:3890").returncode == 0
    assert run("freeze", LOT, "--reason", "clenbuterol").returncode == 0
    assert run("stock", "--device", "scale-0001", "--left", f"{LOT}:12500").returncode == 0
    kinds = {row[1] for row in pull(cloud)[1] if row[0] == "scale-0001"}
    assert kinds == {feed.PRICES, feed.FREEZE, feed.STOCK}
    shown = run("show").stdout
    assert LOT in shown and "clenbuterol" in shown and "scale-0001" in shown
    assert run("unfreeze", LOT).returncode == 0
    refused = run("unfreeze", LOT)
    assert refused.returncode == 2 and "not frozen" in refused.stderr
    assert run("price", "--plu", "nonsense").returncode == 2
