"""A cloud that began in files goes on in a database: every row of evidence is there, and the next record follows."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, select, text
from tracewire import cbor, cose

from cloud.accounts.account import Account
from cloud.accounts.service import Accounts
from cloud.app import create_stores
from cloud.config import Config, load
from cloud.db.engine import Store
from cloud.ledger import store, tree
from cloud.stores import open_accounts, open_ledger
from simulators.node import now_ms
from simulators.postgres import PostgresServer
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

CHENGXIN = Path(sys.executable).with_name("chengxin")


@pytest.fixture
def empty(postgres: PostgresServer) -> str:
    return postgres.new_database()


def live(cloud: CloudUnderTest, market: Market) -> None:
    """Let the ledger have records, a hole, a fork, something refused, and an account."""
    lot = market.pork_for()
    market.card_in(lot)
    for grams in range(200, 260):
        market.sell(lot, grams)
    missing = market.pending.pop(-3)
    cloud.deliver(market.envelope())
    twin = _said_again_otherwise(market, missing)
    cloud.deliver(market.envelope(missing, twin, b"nothing"))
    market.health()
    cloud.deliver(market.envelope(market.health()))
    Accounts(cloud.cloud.accounts, now_ms).add(
        Account("wang", "regulator", region="35"), "correct horse battery staple"
    )


def _said_again_otherwise(market: Market, sealed: bytes) -> bytes:
    entries = cbor.decode(cose.parse(sealed).payload)
    assert isinstance(entries, dict)
    entries[4] += 1
    return cose.seal(cbor.encode(entries), cose.RECORD, market.scale.key)


def rows_of(opened: Store) -> dict[str, list[Any]]:
    """Return every row of every table that both kinds of store have, and give the store back."""
    found = MetaData()
    with opened.reader.connect() as connection:
        found.reflect(connection)
        tables = [table for table in found.sorted_tables if table.name != "alembic_version"]
        rows = {each.name: sorted(map(tuple, connection.execute(select(each))), key=repr) for each in tables}
    opened.close()
    return rows


def write_database(config: Config, url: str) -> None:
    with (config.directory / "cloud.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'database = "{url}"\n')


def move(config: Config, url: str) -> subprocess.CompletedProcess[str]:
    command = [CHENGXIN, "cloud", "move", "--dir", str(config.directory), "--to", url]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_row_is_there_and_the_next_record_follows(cloud: CloudUnderTest, market: Market, empty: str) -> None:
    live(cloud, market)
    cloud.stop()
    before, people = rows_of(open_ledger(cloud.config)), rows_of(open_accounts(cloud.config))
    told = move(cloud.config, empty)
    assert told.returncode == 0, told.stderr
    assert f'database = "{empty}"' in told.stdout
    assert not cloud.config.ledger_path.exists(), "run would begin a second history there"
    write_database(cloud.config, empty)
    cloud.config = load(cloud.config.directory)
    cloud.start()
    after = rows_of(open_ledger(cloud.config))
    assert {name: after[name] for name in before} == before
    assert before["forks"] and before["holes"] and before["quarantine"] and before["subtrees"]
    assert rows_of(open_accounts(cloud.config)) == people
    places = [(row.device, row.seq, row.idx) for row in cloud.rows(store.records)]
    assert after["places"] == sorted(places, key=repr)
    first = next(row.sealed for row in cloud.rows(store.records) if (row.device, row.seq) == ("scale-0001", 1))
    again = _said_again_otherwise(market, first)
    cloud.deliver(market.envelope(market.health(), again))
    assert len(cloud.rows(store.records)) == len(before["records"]) + 1
    assert len(cloud.rows(store.forks)) == len(before["forks"]) + 1, "the numbers of the database go on"
    cloud.catch_up()
    tree.verify(cloud.cloud.stores.ledger, lambda _: None)


def test_a_database_that_is_not_empty_or_not_there_changes_nothing(
    cloud: CloudUnderTest, market: Market, empty: str
) -> None:
    live(cloud, market)
    cloud.stop()
    taken = Config(**{**vars(cloud.config), "database": empty})
    create_stores(taken)
    for url, code in ((empty, "store.exists"), ("postgresql+psycopg://nobody@127.0.0.1:1/none", "store.server")):
        told = move(cloud.config, url)
        assert told.returncode != 0
        assert code in told.stderr
    assert cloud.config.ledger_path.exists()
    cloud.start()
    assert len(cloud.rows(store.records))


def test_nothing_is_moved_while_the_cloud_runs(cloud: CloudUnderTest, market: Market, empty: str) -> None:
    live(cloud, market)
    told = move(cloud.config, empty)
    assert told.returncode != 0
    assert "move.running" in told.stderr
    before = len(cloud.rows(store.records))
    cloud.deliver(market.envelope(market.health()))
    assert len(cloud.rows(store.records)) == before + 1


def test_a_move_that_is_cut_off_leaves_no_ledger(cloud: CloudUnderTest, market: Market, empty: str) -> None:
    live(cloud, market)
    cloud.stop()
    with open_ledger(cloud.config).writer.begin() as connection:  # PostgreSQL takes no NUL: the copy ends in its middle
        connection.execute(text("UPDATE quarantine SET detail = 'a' || char(0)"))
    assert move(cloud.config, empty).returncode != 0
    write_database(cloud.config, empty)
    run = subprocess.run(
        [CHENGXIN, "cloud", "run", "--dir", str(cloud.config.directory)], capture_output=True, text=True, check=False
    )
    assert "store.missing" in run.stderr
    assert cloud.config.ledger_path.exists()
