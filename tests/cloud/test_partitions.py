"""Records in partitions of the log on a real PostgreSQL: made ahead, asked one at a time, no number used twice."""

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError

from cloud.ledger import partitions, store
from cloud.ledger.partitions import RECORDS
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def _partitions(connection: Connection) -> set[str]:
    found = connection.execute(text("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'records'::regclass"))
    return set(found.scalars())


def test_the_next_partition_is_there_before_it_is_needed(cloud: CloudUnderTest) -> None:
    with cloud.cloud.stores.ledger.alone() as connection:
        assert _partitions(connection) == {"records_0", "records_1"}
        partitions.make_room(connection, 1, 500)
        partitions.make_room(connection, RECORDS // 2 - 100, RECORDS // 2 + 100)
        partitions.make_room(connection, RECORDS - 100, RECORDS + 100)
        assert _partitions(connection) == {"records_0", "records_1", "records_2"}
        partitions.make_room(connection, RECORDS + RECORDS // 2, RECORDS + RECORDS // 2)
        assert _partitions(connection) == {"records_0", "records_1", "records_2"}


def test_records_go_into_the_partition_of_their_place_and_a_place_asks_one(
    cloud: CloudUnderTest, market: Market
) -> None:
    cloud.deliver(market.envelope(*(market.health() for _ in range(3))))
    with cloud.cloud.stores.ledger.alone() as connection:
        connection.execute(text(f"UPDATE records SET idx = {RECORDS} WHERE idx = 3"))
        lying = connection.execute(text("SELECT idx, tableoid::regclass::text FROM records ORDER BY idx"))
        assert [tuple(row) for row in lying] == [(1, "records_0"), (2, "records_0"), (RECORDS, "records_1")]
        assert [row.idx for row in store.slice_after(connection, 1, 10)] == [2, RECORDS]
        plan = "\n".join(connection.execute(text("EXPLAIN SELECT * FROM records WHERE idx = 2")).scalars())
        assert "records_0" in plan and "records_1" not in plan


@pytest.mark.parametrize("rows", [[(2, "scale-0001", 1)], [(2, "scale-0001", 2), (3, "scale-0001", 1)]])
def test_the_database_itself_refuses_a_second_record_under_one_number(
    cloud: CloudUnderTest, market: Market, rows: list[tuple[int, str, int]]
) -> None:
    cloud.deliver(market.envelope(market.health()))
    with pytest.raises(IntegrityError), cloud.cloud.stores.ledger.alone() as connection:
        store.claim(connection, rows)
    cloud.deliver(market.envelope(market.health(), market.health()))
    assert [(row.seq, row.idx) for row in cloud.rows(store.records)] == [(1, 1), (2, 2), (3, 3)]


def test_whatever_is_about_a_device_has_it_in_its_key(cloud: CloudUnderTest) -> None:
    with cloud.cloud.stores.ledger.reader.connect() as connection:
        for table in ("records", "places", "forks", "holes", "flags"):
            assert "device" in inspect(connection).get_pk_constraint(table)["constrained_columns"]


def test_readers_are_not_kept_waiting_while_a_partition_is_made(cloud: CloudUnderTest, market: Market) -> None:
    cloud.deliver(market.envelope(market.health()))
    with cloud.cloud.stores.ledger.alone() as connection:
        partitions.make_room(connection, RECORDS, RECORDS + RECORDS // 2)
        assert len(cloud.rows(store.records)) == 1
