"""The ledger's log as stored: whole after every commit, filled for an old ledger, and telling when records changed."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update
from tracewire.errors import Misuse, Rejected

from cloud.ledger import merkle, store, tree
from cloud.ledger.merkle import Range
from cloud.ledger.tree import Log
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market
from tests.examples import examples


def _naive_root(leaves: list[bytes]) -> bytes:
    nodes: dict[merkle.Node, bytes] = {}
    for node, value in merkle.grow(0, [merkle.leaf_hash(leaf) for leaf in leaves], nodes.__getitem__):
        nodes[node] = value
    return merkle.range_hash(Range(0, len(leaves)), nodes.__getitem__)


def _fill(cloud: CloudUnderTest, market: Market, count: int) -> list[bytes]:
    sealed = [market.health() for _ in range(count)]
    cloud.deliver(market.envelope(*sealed))
    return sealed


def _change(cloud: CloudUnderTest, index: int) -> None:
    with cloud.cloud.stores.ledger.writer.begin() as connection:
        chosen = store.records.c.idx == index
        sealed = connection.execute(select(store.records.c.sealed).where(chosen)).scalar_one()
        changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        connection.execute(update(store.records).where(chosen).values(sealed=changed))


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_the_log_is_the_tree_over_the_sealed_bytes(cloud: CloudUnderTest, market: Market, cuts: list[int]) -> None:
    for cut in cuts:
        _fill(cloud, market, cut)
    leaves = [row.sealed for row in sorted(cloud.rows(store.records), key=lambda row: row.idx)]
    with cloud.cloud.stores.ledger.reader.connect() as connection:
        log = Log(connection)
        assert log.size() == len(leaves)
        assert log.root(len(leaves)) == _naive_root(leaves)
        old = len(leaves) - cuts[-1]
        merkle.check_consistency(
            old, len(leaves), log.consistency(old, len(leaves)), _naive_root(leaves[:old]), log.root(len(leaves))
        )


def test_refused_and_repeated_records_leave_no_leaf(cloud: CloudUnderTest, market: Market) -> None:
    sealed = [market.health(), market.health()]
    envelope = market.envelope(*sealed)
    cloud.deliver(envelope)
    cloud.deliver(envelope)
    cloud.deliver(market.envelope(sealed[0][:-1], market.health()))
    with cloud.cloud.stores.ledger.reader.connect() as connection:
        assert Log(connection).size() == 3
        assert connection.execute(select(func.count()).select_from(store.subtrees)).scalar_one() == 1


def test_a_transaction_that_is_undone_leaves_neither_record_nor_hash(cloud: CloudUnderTest, market: Market) -> None:
    _fill(cloud, market, 3)
    before = cloud.rows(store.subtrees)
    with pytest.raises(InterruptedError), cloud.cloud.stores.ledger.writer.begin() as connection:
        tree.extend(connection, 3, [b"never committed"])
        raise InterruptedError
    assert cloud.rows(store.subtrees) == before
    _fill(cloud, market, 2)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 8])
def test_a_ledger_from_before_the_log_is_hashed_at_the_start(cloud: CloudUnderTest, market: Market, count: int) -> None:
    if count:
        _fill(cloud, market, count)
    whole = cloud.rows(store.subtrees)
    with cloud.cloud.stores.ledger.writer.begin() as connection:
        connection.execute(delete(store.subtrees))
    cloud.stop()
    cloud.start()
    assert cloud.rows(store.subtrees) == whole
    _fill(cloud, market, 3)


def test_hashing_goes_on_where_it_stopped(cloud: CloudUnderTest, market: Market) -> None:
    _fill(cloud, market, 9)
    whole = cloud.rows(store.subtrees)
    with cloud.cloud.stores.ledger.writer.begin() as connection:
        beyond = (store.subtrees.c.position + 1) * func.pow(2, store.subtrees.c.level) > 4
        connection.execute(delete(store.subtrees).where(beyond))
    assert len(cloud.rows(store.subtrees)) == 3
    tree.prepare(cloud.cloud.stores.ledger)
    assert cloud.rows(store.subtrees) == whole


def test_a_ledger_whose_end_was_cut_off_is_not_started_with(cloud: CloudUnderTest, market: Market) -> None:
    _fill(cloud, market, 6)
    with cloud.cloud.stores.ledger.writer.begin() as connection:
        connection.execute(delete(store.records).where(store.records.c.idx > 4))
    with pytest.raises(Misuse, match=r"log\.ahead"):
        tree.prepare(cloud.cloud.stores.ledger)


def test_verification_names_the_records_that_were_changed(cloud: CloudUnderTest, market: Market) -> None:
    _fill(cloud, market, 9)
    seen: list[int] = []
    tree.verify(cloud.cloud.stores.ledger, seen.append)
    assert sum(seen) == 9
    _change(cloud, 3)
    with pytest.raises(Misuse, match=r"records 3 to 4 are not those"):
        tree.verify(cloud.cloud.stores.ledger, seen.append)


def test_a_changed_record_is_under_no_root(cloud: CloudUnderTest, market: Market) -> None:
    sealed = _fill(cloud, market, 5)
    _change(cloud, 2)
    with cloud.cloud.stores.ledger.reader.connect() as connection:
        log = Log(connection)
        root = log.root(5)
        assert root == _naive_root(sealed)
        merkle.check_inclusion(merkle.leaf_hash(sealed[1]), 1, 5, log.inclusion(1, 5), root)
        changed = log.look_up(merkle.Node(0, 1))
        with pytest.raises(Rejected, match=r"log\.inclusion"):
            merkle.check_inclusion(changed, 1, 5, log.inclusion(1, 5), root)


def test_an_old_ledger_that_nobody_hashed_is_said_not_guessed(cloud: CloudUnderTest, market: Market) -> None:
    _fill(cloud, market, 4)
    with cloud.cloud.stores.ledger.writer.begin() as connection:
        connection.execute(delete(store.subtrees))
    with cloud.cloud.stores.ledger.reader.connect() as connection, pytest.raises(Misuse, match=r"log\.incomplete"):
        Log(connection).root(4)
