"""Several processes over one ledger, and a database server that dies under them."""

import asyncio
import dataclasses
import functools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psycopg
import pytest
from tracewire import chain
from tracewire.errors import Misuse, Unavailable

from cloud.app import build_ingest, create_stores, open_stores
from cloud.config import DATABASE_VARIABLE, TEMPLATE
from cloud.ingest.pool import Intake, in_processes
from cloud.ingest.service import Taken
from cloud.ledger import store, tree
from simulators.ports import free_port
from simulators.postgres import PostgresServer
from tests.cloud.conftest import Answer, CloudUnderTest
from tests.cloud.market import Market

LONG_ENOUGH_SECONDS = 60

both_stores = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
only_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


async def _together(intake: Intake, envelopes: list[bytes]) -> list[Taken]:
    return await asyncio.gather(*(intake.take(envelope, "identity") for envelope in envelopes))


@both_stores
def test_processes_that_race_for_one_device_are_all_right(cloud: CloudUnderTest, market: Market) -> None:
    sealed = [market.health() for _ in range(60)]
    successive = [market.envelope(*sealed[start : start + 6]) for start in range(0, 60, 6)]
    intake = in_processes(3, functools.partial(build_ingest, cloud.config))
    try:
        taken = asyncio.run(_together(intake, [each for each in successive for _ in range(3)]))
    finally:
        intake.close()
    assert sum(each.new for each in taken) == len(sealed)
    assert sum(each.repeated for each in taken) == 2 * len(sealed)
    assert [each.refused for each in taken] == [()] * len(taken)
    assert sorted(row.sealed for row in cloud.rows(store.records)) == sorted(sealed)
    assert [row.idx for row in cloud.rows(store.records)] == list(range(1, 61))
    assert all(hole.closed_ms for hole in cloud.rows(store.holes))
    tree.verify(cloud.cloud.stores.ledger, lambda _leaves: None)
    (receipt,) = cloud.deliver(successive[0]).receipts
    assert (receipt.seq_from, receipt.seq_to, receipt.head) == (1, 60, chain.digest(sealed[-1]))


@both_stores
def test_two_bodies_under_one_number_in_flight_are_a_fork_whoever_comes_first(
    cloud: CloudUnderTest, market: Market
) -> None:
    head, totals = market.scale.head, market.scale.totals
    one = market.health(time_ms=1_700_000_000_000)
    market.scale.head, market.scale.totals = head, totals
    other = market.health(time_ms=1_700_000_000_001)
    intake = in_processes(2, functools.partial(build_ingest, cloud.config))
    try:
        taken = asyncio.run(_together(intake, [market.envelope(one), market.envelope(other)]))
    finally:
        intake.close()
    assert sorted(each.refused for each in taken) == [(), ("chain.fork",)]
    (kept,), (fork,) = cloud.rows(store.records), cloud.rows(store.forks)
    assert {kept.sealed, fork.sealed} == {one, other}


@only_postgresql
def test_nothing_acknowledged_is_lost_when_the_server_dies_in_mid_load(
    cloud: CloudUnderTest, market: Market, postgres: PostgresServer
) -> None:
    envelopes = [market.envelope(*[market.health() for _ in range(4)]) for _ in range(40)]
    some_are_in, server_is_back, is_over = threading.Event(), threading.Event(), threading.Event()

    def deliver() -> list[int]:
        """Deliver as a gateway does: the same envelope again until it is answered for."""
        statuses: list[int] = []
        for number, envelope in enumerate(envelopes):
            while not is_over.is_set() and (status := _post(cloud.ingest, envelope, market)) != httpx.codes.OK:
                statuses.append(status)
                server_is_back.wait(LONG_ENOUGH_SECONDS)
            if number == 10:
                some_are_in.set()
        return statuses

    refusals: list[int] = []
    gateway = threading.Thread(target=lambda: refusals.extend(deliver()))
    gateway.start()
    try:
        assert some_are_in.wait(LONG_ENOUGH_SECONDS)
        postgres.kill()
        postgres.start()
        server_is_back.set()
        gateway.join(LONG_ENOUGH_SECONDS)
    finally:
        is_over.set()
    assert not gateway.is_alive()
    assert set(refusals) <= {httpx.codes.SERVICE_UNAVAILABLE}
    assert [row.seq for row in cloud.rows(store.records)] == list(range(1, 161))
    tree.verify(cloud.cloud.stores.ledger, lambda _leaves: None)


@only_postgresql
def test_a_server_that_vanishes_in_mid_transaction_has_kept_nothing_of_it(
    cloud: CloudUnderTest, market: Market, postgres: PostgresServer, database: str
) -> None:
    envelope = market.envelope(*[market.health() for _ in range(4)])
    statuses: list[int] = []
    gateway = threading.Thread(target=lambda: statuses.append(_post(cloud.ingest, envelope, market)))
    other = psycopg.connect(database.replace("+psycopg", ""))
    # Records are written before the hashes: whoever waits for this lock has written half of the envelope.
    other.execute("LOCK TABLE chengxin_ledger.subtrees IN EXCLUSIVE MODE")
    gateway.start()
    deadline = time.monotonic() + LONG_ENOUGH_SECONDS
    while not other.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchall():
        assert time.monotonic() < deadline
    postgres.kill()
    postgres.start()
    other.close()
    gateway.join(LONG_ENOUGH_SECONDS)
    assert statuses == [httpx.codes.SERVICE_UNAVAILABLE]
    assert cloud.rows(store.records) == []
    assert _post(cloud.ingest, envelope, market) == httpx.codes.OK
    assert [row.seq for row in cloud.rows(store.records)] == [1, 2, 3, 4]
    tree.verify(cloud.cloud.stores.ledger, lambda _leaves: None)


@both_stores
def test_one_envelope_in_flight_many_times_is_kept_once_and_answered_alike(
    cloud: CloudUnderTest, market: Market
) -> None:
    envelope = market.envelope(*[market.health() for _ in range(5)])
    responses = asyncio.run(_post_together(cloud, [envelope] * 12))
    assert {each.status_code for each in responses} == {httpx.codes.OK}
    answers = [Answer(each.content, envelope, market) for each in responses]
    assert {(each.seq_from, each.seq_to, each.head) for answer in answers for each in answer.receipts} == {
        (1, 5, market.scale.head.digest)
    }
    assert len(cloud.rows(store.records)) == 5


async def _post_together(cloud: CloudUnderTest, envelopes: list[bytes]) -> list[httpx.Response]:
    async with httpx.AsyncClient(
        base_url=cloud.ingest.base_url, headers=cloud.ingest.headers, timeout=LONG_ENOUGH_SECONDS
    ) as client:
        return await asyncio.gather(*(client.post("/v1/records", content=each) for each in envelopes))


def _post(client: httpx.Client, envelope: bytes, market: Market) -> int:
    response = client.post("/v1/records", content=envelope)
    if response.status_code == httpx.codes.OK:
        assert Answer(response.content, envelope, market).refused == {}
    return response.status_code


@only_postgresql
def test_a_second_init_touches_nothing(cloud: CloudUnderTest, market: Market) -> None:
    cloud.deliver(market.envelope(market.health()))
    with pytest.raises(Misuse, match=r"store\.exists"):
        create_stores(cloud.config)
    assert len(cloud.rows(store.records)) == 1


@only_postgresql
def test_a_database_without_our_tables_says_what_to_do(database: str, cloud: CloudUnderTest) -> None:
    empty = dataclasses.replace(cloud.config, database=database.rpartition("/")[0] + "/postgres")
    with pytest.raises(Misuse, match="chengxin cloud init"):
        open_stores(empty)


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path, market: Market) -> None:
    with pytest.raises(Unavailable, match=r"store\.server"):
        CloudUnderTest(tmp_path / "cloud", market, f"postgresql+psycopg://chengxin@127.0.0.1:{free_port()}/chengxin")


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "postgresql://root@localhost/x", "sqlite:///x", "x"])
def test_another_kind_of_database_is_refused(tmp_path: Path, market: Market, url: str) -> None:
    with pytest.raises(Misuse, match=r"config\.database"):
        CloudUnderTest(tmp_path / "cloud", market, url)


def test_the_environment_names_the_database_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "cloud.toml").write_text(TEMPLATE.format(ingest_port=0, public_port=0) + 'database = ""\n')
    finished = subprocess.run(
        [Path(sys.executable).with_name("chengxin"), "cloud", "init", "--dir", tmp_path],
        env={**os.environ, DATABASE_VARIABLE: "mysql://root@localhost/x"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 2
    assert "config.database" in finished.stderr
    assert not (tmp_path / "ledger.sqlite").exists()


def test_more_than_can_be_in_hand_is_asked_to_come_again(cloud: CloudUnderTest, market: Market) -> None:
    envelopes = [market.envelope(market.health()) for _ in range(80)]
    responses = asyncio.run(_deliver_at_once(cloud, envelopes))
    busy = [each for each in responses if each.status_code == httpx.codes.SERVICE_UNAVAILABLE]
    assert {each.status_code for each in responses} == {httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE}
    assert len(busy) == 16
    assert {each.json()["code"] for each in busy} == {"ingest.busy"}
    assert all(int(each.headers["Retry-After"]) > 0 for each in busy)
    assert len(cloud.rows(store.records)) == 64
    for envelope in envelopes:
        cloud.deliver(envelope)
    assert len(cloud.rows(store.records)) == 80


async def _deliver_at_once(cloud: CloudUnderTest, envelopes: list[bytes]) -> list[httpx.Response]:
    """Deliver all while somebody else holds the ledger, who lets go when as many were sent away as must be."""
    limits = httpx.Limits(max_connections=len(envelopes))
    async with httpx.AsyncClient(
        base_url=cloud.ingest.base_url, headers=cloud.ingest.headers, limits=limits, timeout=LONG_ENOUGH_SECONDS
    ) as client:
        with cloud.cloud.stores.ledger.alone():
            posts = [asyncio.create_task(client.post("/v1/records", content=each)) for each in envelopes]
            while sum(each.done() for each in posts) < 16:
                await asyncio.wait([each for each in posts if not each.done()], return_when=asyncio.FIRST_COMPLETED)
        return await asyncio.gather(*posts)
