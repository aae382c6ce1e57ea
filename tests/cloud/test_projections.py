"""Projections follow the ledger: restart resumes, rebuild equals increment, one failure holds back nobody else."""

import queue
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, MetaData, select
from tracewire.errors import Misuse

from cloud.app import every_projection
from cloud.health import Metrics
from cloud.ledger.entry import Entry
from cloud.projections import Projections, Worker
from cloud.timeseries import store as timeseries
from cloud.timeseries.activity import Activity
from tests.cloud.conftest import LONG_ENOUGH_SECONDS, CloudUnderTest
from tests.cloud.market import Market
from tests.examples import examples

DAY_MS = 86_400_000


def _contents(cloud: CloudUnderTest) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every projection."""
    found = {}
    with cloud.cloud.stores.projections.reader.connect() as connection:
        for projection in every_projection():
            for table in projection.tables.sorted_tables:
                found[table.name] = sorted(map(tuple, connection.execute(select(table))), key=repr)
    return found


def _derived(cloud: CloudUnderTest) -> Projections:
    return Projections(cloud.cloud.stores.ledger, cloud.cloud.stores.projections, every_projection())


STEPS = st.lists(st.sampled_from(["pork", "card", "sale", "health", "deliver", "restart"]), min_size=3, max_size=14)


@settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_a_rebuild_equals_what_grew_record_by_record(steps: list[str]) -> None:
    market = Market()
    with TemporaryDirectory() as directory:
        cloud = CloudUnderTest(Path(directory) / "cloud", market)
        lot = market.pork_for()
        for step in [*steps, "deliver"]:
            if step == "pork":
                lot = market.pork_for()
            elif step == "card":
                market.card_in(lot)
            elif step == "sale":
                market.sell(lot)
            elif step == "health":
                market.pending.append(market.health())
            elif step == "restart":
                cloud.stop()
                cloud.start()
            elif market.pending:
                cloud.deliver(market.envelope())
        cloud.catch_up()
        grown = _contents(cloud)
        _derived(cloud).rebuild(lambda _name, _count: None)
        assert _contents(cloud) == grown
        assert sum(len(rows) for rows in grown.values()) > 0
        cloud.stop()


def test_a_restart_goes_on_from_the_watermark(cloud: CloudUnderTest, market: Market) -> None:
    market.sell(market.pork_for())
    cloud.cloud.worker.stop()
    cloud.deliver(market.envelope())
    derived = _derived(cloud)
    assert set(derived.watermarks().values()) == {0}
    assert derived.advance(derived.all[0]) == 8
    cloud.stop()
    cloud.start()
    derived = _derived(cloud)
    cloud.catch_up()
    assert set(derived.watermarks().values()) == {8}
    assert derived.advance(derived.all[0]) == 0


class _Broken:
    """A projection with a bug."""

    name = "broken"
    tables = MetaData()
    is_by_device = False

    def apply(self, connection: Connection, entries: Sequence[Entry]) -> None:
        raise ZeroDivisionError


def test_a_broken_projection_is_counted_and_the_others_go_on(cloud: CloudUnderTest, market: Market) -> None:
    cloud.deliver(market.envelope(market.health()))
    metrics = Metrics()
    activity = Activity()
    derived = Projections(cloud.cloud.stores.ledger, cloud.cloud.stores.projections, [_Broken(), activity])
    worker = Worker(derived, metrics)
    worker.start()
    cloud.catch_up()
    worker.stop()
    failures = metrics.registry.get_sample_value("chengxin_cloud_projection_failures_total", {"projection": "broken"})
    assert failures
    assert derived.watermarks() == {"broken": 0, "activity": 1}


def test_a_worker_says_how_many_records_its_pass_applied(cloud: CloudUnderTest, market: Market) -> None:
    cloud.cloud.worker.stop()
    cloud.deliver(market.envelope(market.health(), market.health()))
    derived = Projections(cloud.cloud.stores.ledger, cloud.cloud.stores.projections, [Activity()])
    heard: queue.Queue[int] = queue.Queue()
    for chosen, applied in (((), 0), (derived.all, 2), (derived.all, 0)):
        worker = Worker(derived, Metrics(), heard.put, chosen)
        worker.start()
        assert heard.get(timeout=LONG_ENOUGH_SECONDS) == applied
        worker.stop()


def test_a_projection_ahead_of_its_ledger_says_so(cloud: CloudUnderTest, market: Market) -> None:
    cloud.deliver(market.envelope(market.health()))
    cloud.catch_up()
    cloud.cloud.worker.stop()
    with cloud.cloud.stores.ledger.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM records")
    derived = _derived(cloud)
    with pytest.raises(Misuse, match=r"projection\.ahead"):
        derived.advance(derived.all[0])


def test_sales_add_up_in_the_time_series(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for()
    for grams in (500, 250):
        market.sell(lot, grams=grams, price=2000)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    with cloud.cloud.stores.projections.reader.connect() as connection:
        (day,) = timeseries.buckets(connection, "sale", DAY_MS, 0, 2**52, device="scale-0001", site="第八市场")
        assert (day.samples, day.grams, day.fen) == (2, 750, 1500)
        assert timeseries.buckets(connection, "sale", DAY_MS, 0, 2**52, device="scale-0009") == []


def test_a_device_in_quarantine_is_in_the_ledger_but_links_to_nothing(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for()
    market.scale.credential.state = "quarantined"
    cloud.publish_registry()
    slip = market.sell(lot)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    story = cloud.public.get(f"/v1/trace/{slip}").json()
    assert story["balance"]["sales"] == 0
    assert {"name": "standing", "state": "failed", "values": {"device": "scale-0001"}} in story["checks"]


def test_the_worker_is_level_soon_after_a_commit(cloud: CloudUnderTest, market: Market) -> None:
    cloud.deliver(market.envelope(market.health()))
    assert cloud.cloud.worker.wait_for(1, LONG_ENOUGH_SECONDS)
    assert cloud.public.get("/healthz").json()["projection_lag"] == dict.fromkeys(
        (each.name for each in every_projection()), 0
    )
