"""Projections kept up by processes of their own: killed at any moment, side by side, rebuilt while records come in."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cloud.app import every_projection
from cloud.ledger import store
from cloud.ops import tables as fleet
from cloud.projections import Projections
from cloud.timeseries import store as timeseries
from cloud.watermarks import Shard
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

CHENGXIN = Path(sys.executable).with_name("chengxin")
LONG_ENOUGH_SECONDS = 90
DIVIDED = ("activity", "fleet")
THEIR_TABLES = {*timeseries.TABLES.tables, *fleet.TABLES.tables}

both_stores = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@contextlib.contextmanager
def _projecting(cloud: CloudUnderTest, *names: str, shard: str = "1/1") -> Iterator["subprocess.Popen[bytes]"]:
    options = ["--shard", shard, *(word for name in names for word in ("--name", name))]
    process = subprocess.Popen([CHENGXIN, "cloud", "project", "--dir", cloud.config.directory, *options])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG_ENOUGH_SECONDS
    while not is_so():
        assert time.monotonic() < deadline


def _derived(cloud: CloudUnderTest) -> Projections:
    return Projections(cloud.cloud.stores.ledger, cloud.cloud.stores.projections, every_projection())


def _contents(cloud: CloudUnderTest) -> dict[str, list[Any]]:
    """Return every row of every projection."""
    tables = [table for each in every_projection() for table in each.tables.sorted_tables]
    with cloud.cloud.stores.projections.reader.connect() as connection:
        return {table.name: sorted(map(tuple, connection.execute(select(table))), key=repr) for table in tables}


def _deliver(cloud: CloudUnderTest, market: Market, sales: int) -> None:
    lot = market.pork_for()
    market.card_in(lot)
    for _ in range(sales):
        market.sell(lot)
    cloud.deliver(market.envelope())


@both_stores
def test_killed_in_the_middle_it_goes_on_from_its_watermark(cloud: CloudUnderTest, market: Market) -> None:
    cloud.cloud.worker.stop()
    for _ in range(4):
        _deliver(cloud, market, 300)
    derived = _derived(cloud)
    with _projecting(cloud) as process:
        _wait_until(lambda: any(derived.watermarks().values()))
        process.kill()
    with _projecting(cloud, "activity"), _projecting(cloud, "batches"), _projecting(cloud):
        _wait_until(lambda: set(cloud.public.get("/healthz").json()["projection_lag"].values()) == {0})
        _deliver(cloud, market, 10)
        _wait_until(lambda: set(cloud.public.get("/healthz").json()["projection_lag"].values()) == {0})
    grown = _contents(cloud)
    derived.rebuild(lambda _name, _count: None)
    assert _contents(cloud) == grown


@both_stores
def test_one_projection_is_rebuilt_while_records_come_in(cloud: CloudUnderTest, market: Market) -> None:
    _deliver(cloud, market, 300)
    cloud.catch_up()
    words = [CHENGXIN, "cloud", "rebuild", "--dir", cloud.config.directory, "activity"]
    rebuilding = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    while rebuilding.poll() is None:
        _deliver(cloud, market, 5)
    assert rebuilding.stdout is not None
    assert "Rebuilt activity" in rebuilding.stdout.read()
    assert rebuilding.returncode == 0
    cloud.catch_up()
    grown = _contents(cloud)
    cloud.cloud.worker.stop()
    _derived(cloud).rebuild(lambda _name, _count: None)
    assert _contents(cloud) == grown


@both_stores
def test_processes_that_divide_the_devices_make_the_same_tables(cloud: CloudUnderTest, market: Market) -> None:
    cloud.cloud.worker.stop()
    _deliver_of_many(cloud, market)
    derived = _derived(cloud)

    def is_level() -> bool:
        marks = derived.watermarks()
        return all(marks[name] == _last(cloud) for name in DIVIDED)

    with _projecting(cloud, *DIVIDED, shard="1/3"), _projecting(cloud, shard="2/3") as second:
        _wait_until(lambda: all(any(derived.watermarks_of(name).values()) for name in DIVIDED))
        assert {derived.watermarks()[name] for name in DIVIDED} == {0}, "the third share waits for its process"
        second.kill()
        second.wait()
        # Cut differently now, side by side with one of the old cut.
        with _projecting(cloud, *DIVIDED, shard="1/2"), _projecting(cloud, *DIVIDED, shard="2/2"):
            _wait_until(is_level)
            _deliver_of_many(cloud, market)
            _wait_until(is_level)
    grown = {name: rows for name, rows in _contents(cloud).items() if name in THEIR_TABLES}
    assert grown["samples"] and grown["fleet_devices"]
    derived.rebuild(lambda _name, _count: None, derived.named(DIVIDED))
    assert {name: rows for name, rows in _contents(cloud).items() if name in THEIR_TABLES} == grown


@both_stores
@pytest.mark.parametrize("name", DIVIDED)
def test_shards_go_on_from_a_projection_that_was_whole_and_the_other_way_round(
    cloud: CloudUnderTest, market: Market, name: str
) -> None:
    _deliver_of_many(cloud, market)
    cloud.catch_up()
    cloud.cloud.worker.stop()
    stores = cloud.cloud.stores
    whole = _derived(cloud)
    (divided,) = whole.named([name])
    shards = [Projections(stores.ledger, stores.projections, [divided], Shard(number, 3)) for number in (1, 2, 3)]
    _deliver_of_many(cloud, market)
    before = whole.watermarks()[name]
    assert shards[0].advance(divided) == shards[2].advance(divided) == _last(cloud) - before
    assert whole.watermarks()[name] == before
    _deliver_of_many(cloud, market)
    while whole.advance(divided):
        pass
    assert {shard.advance(divided) for shard in shards} == {0}
    grown = _contents(cloud)
    whole.rebuild(lambda _name, _count: None, [divided])
    assert _contents(cloud) == grown


@pytest.mark.parametrize("words", [["--shard", "0/2"], ["--shard", "3/2"], ["--shard", "x"], ["--shard", "1/17"]])
def test_a_shard_that_there_cannot_be_is_refused(cloud: CloudUnderTest, words: list[str]) -> None:
    assert "projection.shard" in _refusal_of_project(cloud, *words)


def test_a_projection_that_cannot_be_divided_is_not(cloud: CloudUnderTest) -> None:
    assert "batches" in _refusal_of_project(cloud, "--shard", "1/2", "--name", "batches")


def _refusal_of_project(cloud: CloudUnderTest, *words: str) -> str:
    command = [CHENGXIN, "cloud", "project", "--dir", cloud.config.directory, *words]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    return finished.stderr


def _deliver_of_many(cloud: CloudUnderTest, market: Market) -> None:
    """Deliver records of twelve more scales, so that every shard has some."""
    if market.nodes[-1].name != "scale-0112":
        for number in range(101, 113):
            market.add(f"scale-{number:04}", "scale")
        cloud.publish_registry()
    cloud.deliver(market.envelope(*(market.health(node) for node in market.nodes[-12:] for _ in range(5))))


def _last(cloud: CloudUnderTest) -> int:
    with cloud.cloud.stores.ledger.reader.connect() as connection:
        return store.last_index(connection)


def test_a_name_that_is_no_projection_is_told_from_those_there_are(cloud: CloudUnderTest) -> None:
    words = [CHENGXIN, "cloud", "project", "--dir", cloud.config.directory, "--name", "weather"]
    finished = subprocess.run(words, capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    assert "activity, batches, fleet, freezes_heard, keeping, labels, places" in finished.stderr
