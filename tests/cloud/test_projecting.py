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
from cloud.projections import Projections
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

CHENGXIN = Path(sys.executable).with_name("chengxin")
LONG_ENOUGH_SECONDS = 90

both_stores = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@contextlib.contextmanager
def _projecting(cloud: CloudUnderTest, *names: str) -> Iterator["subprocess.Popen[bytes]"]:
    options = [word for name in names for word in ("--name", name)]
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


def test_a_name_that_is_no_projection_is_told_from_those_there_are(cloud: CloudUnderTest) -> None:
    words = [CHENGXIN, "cloud", "project", "--dir", cloud.config.directory, "--name", "weather"]
    finished = subprocess.run(words, capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    assert "activity, batches, fleet, freezes_heard, places" in finished.stderr
