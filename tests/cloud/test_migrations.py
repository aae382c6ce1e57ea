"""Stores of an older program: refused with a sentence, brought up to date by one command, and nothing of them lost."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, insert, inspect, select, text, update
from tracewire.errors import Misuse

from cloud import watermarks
from cloud.accounts import store as accounts
from cloud.accounts.schema import REVISIONS as ACCOUNT_REVISIONS
from cloud.app import every_projection, migrate_stores
from cloud.codes import store as codes
from cloud.db.engine import Store, open_store
from cloud.db.schema import Revisions
from cloud.db.server import open_schema
from cloud.feed import store as feed
from cloud.ledger import cosigning, store, tree
from cloud.ledger.schema import REVISIONS
from cloud.ops import alerts, unsealed
from cloud.stores import open_accounts
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

OF_OLD = ("records", "forks", "holes", "flags", "quarantine", "registries")
SHARED = ("watermarks", "projection_schemas")


def test_the_revisions_make_the_tables_that_the_program_declares(cloud: CloudUnderTest) -> None:
    with cloud.cloud.stores.ledger.reader.connect() as connection:
        is_divided = connection.dialect.name == "postgresql"
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _is_no_partition})
        declared = [each.TABLES for each in (store, cosigning, feed, unsealed, alerts, codes)]
        if is_divided:
            declared.append(store.PLACES)
        different = {(kind, what.name) for kind, what in compare_metadata(context, declared)}
    # The unique key of device and number is that of ``places`` where records are divided (ADR 0015).
    assert different == ({("add_constraint", None), ("remove_index", "records_by_device")} if is_divided else set())
    of_accounts = open_accounts(cloud.config)
    with of_accounts.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, accounts.TABLES) == []
    of_accounts.close()


def test_the_newest_revision_is_the_last_one_there_is() -> None:
    for revisions in (REVISIONS, ACCOUNT_REVISIONS):
        assert _scripts(revisions).get_current_head() == revisions.newest


def test_an_old_ledger_is_refused_then_upgraded_and_everything_holds(cloud: CloudUnderTest, market: Market) -> None:
    _trade(cloud, market)
    before = {name: cloud.rows(store.TABLES.tables[name]) for name in (*OF_OLD, "subtrees")}
    pages, derived = cloud.public.get("/status").json(), _derived(cloud)
    with cloud.cloud.stores.ledger.reader.connect() as connection:
        head = tree.Log(connection).head()
    _set_back(cloud, before)
    with pytest.raises(Misuse, match="chengxin cloud migrate"):
        cloud.start()
    taken, emptied = migrate_stores(cloud.config)
    assert list(taken) == _later_revisions()
    assert list(emptied) == []
    cloud.start()
    assert {name: cloud.rows(store.TABLES.tables[name]) for name in before} == before
    with cloud.cloud.stores.ledger.reader.connect() as connection:
        assert tree.Log(connection).head() == head
    tree.verify(cloud.cloud.stores.ledger, lambda _leaves: None)
    cloud.catch_up()
    assert cloud.public.get("/status").json() | {"now_ms": 0} == pages | {"now_ms": 0}
    assert _derived(cloud) == derived
    _trade(cloud, market)  # and its numbers go on where they were
    assert [row.idx for row in cloud.rows(store.records)] == list(range(1, 2 * head[0] + 1))


def test_a_second_time_there_is_nothing_to_do(cloud: CloudUnderTest) -> None:
    cloud.stop()
    taken, emptied = migrate_stores(cloud.config)
    assert (list(taken), list(emptied)) == ([], [])
    cloud.start()


def test_an_upgrade_that_is_cut_off_has_changed_nothing(cloud: CloudUnderTest, market: Market) -> None:
    _trade(cloud, market)
    before = {name: cloud.rows(store.TABLES.tables[name]) for name in OF_OLD}
    _set_back(cloud, before)
    ledger = _raw(cloud)
    with pytest.raises(ZeroDivisionError), ledger.alone() as connection:
        REVISIONS.upgrade(connection)
        _ = 1 / 0  # the plug is pulled before the commit
    with ledger.reader.connect() as connection:
        assert set(inspect(connection).get_table_names()) == set(OF_OLD)
    migrate_stores(cloud.config)
    cloud.start()
    assert {name: cloud.rows(store.TABLES.tables[name]) for name in before} == before


def test_a_projection_whose_tables_have_changed_is_emptied_and_filled_again(
    cloud: CloudUnderTest, market: Market
) -> None:
    _trade(cloud, market)
    cloud.catch_up()
    whole = _derived(cloud)
    schemas = _shared("projection_schemas")
    with cloud.cloud.stores.projections.alone() as connection:
        connection.execute(text("ALTER TABLE samples ADD COLUMN mood VARCHAR"))
        connection.execute(text("CREATE TABLE moods (mood VARCHAR)"))
        of_activity = update(schemas).where(schemas.c.name == "activity")
        connection.execute(of_activity.values(fingerprint="another", tables=schemas.c.tables + " moods"))
    cloud.stop()
    with pytest.raises(Misuse, match=r"activity.*chengxin cloud migrate"):
        cloud.start()
    assert list(migrate_stores(cloud.config)[1]) == ["activity"]
    cloud.start()
    with cloud.cloud.stores.projections.reader.connect() as connection:
        assert not inspect(connection).has_table("moods")
        assert "mood" not in {column["name"] for column in inspect(connection).get_columns("samples")}
    cloud.catch_up()
    assert _derived(cloud) == whole


def test_projections_from_before_the_marks_are_made_anew(cloud: CloudUnderTest, market: Market) -> None:
    _trade(cloud, market)
    cloud.catch_up()
    whole = _derived(cloud)
    with cloud.cloud.stores.projections.alone() as connection:
        connection.execute(text("DROP TABLE projection_schemas"))
    cloud.stop()
    with pytest.raises(Misuse, match="chengxin cloud migrate"):
        cloud.start()
    assert list(migrate_stores(cloud.config)[1]) == [each.name for each in every_projection()]
    cloud.start()
    cloud.catch_up()
    assert _derived(cloud) == whole


def test_a_projection_that_the_store_never_had_needs_no_command(cloud: CloudUnderTest, market: Market) -> None:
    _trade(cloud, market)
    cloud.catch_up()
    whole = _derived(cloud)
    fleet = next(each for each in every_projection() if each.name == "fleet")
    with cloud.cloud.stores.projections.alone() as connection:
        fleet.tables.drop_all(connection)
        for name in SHARED:
            connection.execute(_shared(name).delete().where(_shared(name).c.name == "fleet"))
    cloud.stop()
    cloud.start()
    cloud.catch_up()
    assert _derived(cloud) == whole


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_command_says_what_it_did(cloud: CloudUnderTest, market: Market) -> None:
    _trade(cloud, market)
    _set_back(cloud, {name: cloud.rows(store.TABLES.tables[name]) for name in OF_OLD})
    command = [Path(sys.executable).with_name("chengxin"), "cloud", "migrate", "--dir", cloud.config.directory]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stdout == f"Taken: {', '.join(_later_revisions())}. To be filled anew: nothing.\n"
    cloud.start()


def _trade(cloud: CloudUnderTest, market: Market) -> None:
    """Deliver a morning, with a record from the future and a fork, so that every table has rows."""
    head, totals = market.farm.head, market.farm.totals
    cloud.deliver(market.envelope(market.health(market.farm, time_ms=2_000_000_000_000)))
    future, (market.farm.head, market.farm.totals) = (market.farm.head, market.farm.totals), (head, totals)
    cloud.deliver(market.envelope(market.health(market.farm), b"no record"))
    market.farm.head, market.farm.totals = future
    lot = market.pork_for()
    market.card_in(lot)
    for _ in range(10):
        market.sell(lot)
    cloud.deliver(market.envelope())
    cloud.catch_up()


def _later_revisions() -> list[str]:
    revisions = _scripts(REVISIONS).walk_revisions()
    return sorted(f"ledger {each.revision}" for each in revisions if each.revision != REVISIONS.first)


def _scripts(revisions: Revisions) -> ScriptDirectory:
    config = Config()
    for option, value in revisions.options.items():
        config.set_main_option(option, value)
    return ScriptDirectory.from_config(config)


def _set_back(cloud: CloudUnderTest, rows: dict[str, Sequence[Any]]) -> None:
    """Stop the cloud and put a ledger from before revisions in its place, with these rows by table."""
    cloud.stop()
    ledger = _raw(cloud)
    with ledger.writer.begin() as connection:
        _drop_everything(connection)
        REVISIONS.upgrade(connection, REVISIONS.first)
        connection.execute(text("DROP TABLE alembic_version"))
        if "subtrees" in rows:
            store.subtrees.create(connection)
        for name, kept in rows.items():
            table = Table(name, MetaData(), autoload_with=connection)
            if kept:
                connection.execute(insert(table), [_without_new_columns(row, table) for row in kept])
    ledger.close()


def _without_new_columns(row: Any, table: Table) -> dict[str, Any]:
    return {name: value for name, value in row._asdict().items() if name in table.c}


def _drop_everything(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP SCHEMA chengxin_ledger CASCADE"))
        connection.execute(text("CREATE SCHEMA chengxin_ledger"))
        return
    for name in inspect(connection).get_table_names():
        connection.execute(text(f"DROP TABLE {name}"))


def _is_no_partition(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not str(name).startswith(("records_", "places_"))


class _AnySchema:
    """Complains about nothing."""

    def upgrade(self, connection: Connection) -> Sequence[str]:
        return ()

    def complaint(self, connection: Connection) -> str:
        return ""


def _raw(cloud: CloudUnderTest) -> Store:
    """Open the ledger's database whatever is in it."""
    if cloud.config.database:
        return open_schema(cloud.config.database, "chengxin_ledger", _AnySchema(), synchronous=True)
    return open_store(cloud.config.ledger_path, _AnySchema(), synchronous="FULL")


def _shared(name: str) -> Table:
    return watermarks.TABLES.tables[name]


def _derived(cloud: CloudUnderTest) -> dict[str, list[Any]]:
    """Return every row of every projection."""
    tables = [table for each in every_projection() for table in each.tables.sorted_tables]
    with cloud.cloud.stores.projections.reader.connect() as connection:
        return {table.name: sorted(map(tuple, connection.execute(select(table))), key=repr) for table in tables}
