"""The ledger's rules over a device's history: next, repeat, fork, hole, another past, clock and totals."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tracewire import chain, cose, record

from cloud.ledger import store
from simulators.node import Node, now_ms
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market
from tests.examples import examples

HOUR_MS = 3_600_000


def _seqs(cloud: CloudUnderTest) -> list[int]:
    return [row.seq for row in cloud.rows(store.records)]


def _open_holes(cloud: CloudUnderTest) -> list[tuple[int, int]]:
    return sorted((row.from_seq, row.to_seq) for row in cloud.rows(store.holes) if row.closed_ms is None)


def _flags(cloud: CloudUnderTest) -> dict[int, str]:
    return {row.idx: row.code for row in _notes(cloud)}


def _notes(cloud: CloudUnderTest) -> list[Any]:
    """Return the notes about what records say; that the market's gateway brings the farm's is another matter."""
    return [row for row in cloud.rows(store.flags) if row.code != "gateway.site"]


def test_a_record_that_runs_ahead_is_kept_and_the_hole_written_down(cloud: CloudUnderTest, market: Market) -> None:
    sealed = [market.health() for _ in range(5)]
    first = cloud.deliver(market.envelope(sealed[0], sealed[4]))
    assert first.refused == {}
    assert _open_holes(cloud) == [(2, 4)]
    assert [(each.seq_from, each.seq_to) for each in first.receipts] == [(1, 1), (5, 5)]
    cloud.deliver(market.envelope(sealed[2]))
    assert _open_holes(cloud) == [(2, 2), (4, 4)]
    answer = cloud.deliver(market.envelope(sealed[1], sealed[3]))
    assert _open_holes(cloud) == []
    assert [(each.seq_from, each.seq_to) for each in answer.receipts] == [(1, 5)]
    assert answer.receipts[0].head == chain.digest(sealed[4])  # the whole range, though [4] came long before
    assert all(row.closed_ms for row in cloud.rows(store.holes))


def test_a_first_record_that_is_not_number_one_leaves_a_hole_at_the_start(
    cloud: CloudUnderTest, market: Market
) -> None:
    market.health()
    answer = cloud.deliver(market.envelope(market.health()))
    assert _open_holes(cloud) == [(1, 1)]
    assert [(each.seq_from, each.seq_to) for each in answer.receipts] == [(2, 2)]


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(8)), cut=st.integers(1, 7))
def test_any_order_and_any_cut_into_envelopes_ends_with_the_whole_chain(
    cloud: CloudUnderTest, market: Market, order: list[int], cut: int
) -> None:
    device = Node(f"scale-1{len(market.nodes):03d}", "scale")
    market.nodes.append(device)
    cloud.publish_registry()
    sealed = [market.health(device) for _ in range(8)]
    for part in (order[:cut], order[cut:], order):
        answer = cloud.deliver(market.envelope(*(sealed[place] for place in part)))
        assert answer.refused == {}
    rows = [row for row in cloud.rows(store.records) if row.device == device.name]
    assert {row.seq: row.sealed for row in rows} == dict(enumerate(sealed, 1))
    assert not [row for row in cloud.rows(store.holes) if row.device == device.name and row.closed_ms is None]
    assert [(each.seq_from, each.seq_to) for each in answer.receipts] == [(1, 8)]


def _other_second_record(market: Market) -> bytes:
    """Seal a second record number 2, as a restored flash image or a stolen key would."""
    head, totals = market.scale.head, market.scale.totals
    other = market.health(time_ms=1_800_000_000_000)
    market.scale.head, market.scale.totals = head, totals
    return other


def test_two_records_with_one_number_are_both_kept_and_an_alarm_is_counted(
    cloud: CloudUnderTest, market: Market
) -> None:
    first = market.health()
    other = _other_second_record(market)
    second = market.health()
    cloud.deliver(market.envelope(first, second))
    answer = cloud.deliver(market.envelope(other))
    assert answer.refused == {0: "chain.fork"}
    assert answer.receipts[0].refused == ((2, chain.digest(other), "chain.fork"),)
    assert [row.sealed for row in cloud.rows(store.forks)] == [other]
    assert [row.sealed for row in cloud.rows(store.records)] == [first, second]
    assert "chengxin_cloud_forks_total 1.0" in cloud.public.get("/metrics").text
    cloud.deliver(market.envelope(other))
    assert len(cloud.rows(store.forks)) == 1


def test_a_record_that_names_another_past_is_quarantined(cloud: CloudUnderTest, market: Market) -> None:
    cloud.deliver(market.envelope(market.health()))
    market.scale.head = chain.Head(1, bytes(range(32)))
    stray = market.health()
    assert cloud.deliver(market.envelope(stray)).refused == {0: "chain.prev"}
    assert cloud.rows(store.quarantine)[0].seq == 2
    assert _seqs(cloud) == [1]


def test_a_late_record_must_also_fit_the_one_after_it(cloud: CloudUnderTest, market: Market) -> None:
    first = market.health()
    other = _other_second_record(market)
    market.health()
    third = market.health()
    cloud.deliver(market.envelope(first, third))
    assert cloud.deliver(market.envelope(other)).refused == {0: "chain.prev"}
    assert _open_holes(cloud) == [(2, 2)]


def test_a_clock_far_ahead_is_noted_and_the_gateways_time_is_taken(cloud: CloudUnderTest, market: Market) -> None:
    received_ms = now_ms() - 5000
    sealed = market.health(time_ms=now_ms() + 30 * HOUR_MS)
    assert cloud.deliver(market.envelope(sealed, received_ms=received_ms)).refused == {}
    assert _flags(cloud) == {1: "clock.ahead"}
    assert cloud.rows(store.records)[0].moment_ms == received_ms


def test_a_clock_that_fell_back_is_noted(cloud: CloudUnderTest, market: Market) -> None:
    year_2000_ms = 946_684_800_000
    sealed = [market.health(), market.health(time_ms=year_2000_ms)]
    assert cloud.deliver(market.envelope(*sealed)).refused == {}
    assert _flags(cloud) == {2: "clock.behind"}


def test_a_record_after_one_from_the_future_is_not_blamed_for_it(cloud: CloudUnderTest, market: Market) -> None:
    sealed = [market.health(time_ms=now_ms() + 30 * HOUR_MS), market.health()]
    cloud.deliver(market.envelope(*sealed))
    assert _flags(cloud) == {1: "clock.ahead"}


def test_a_gateways_time_beyond_our_own_is_not_taken(cloud: CloudUnderTest, market: Market) -> None:
    sealed = market.health(time_ms=now_ms() + 30 * HOUR_MS)
    cloud.deliver(market.envelope(sealed, received_ms=now_ms() + 9 * HOUR_MS))
    row = cloud.rows(store.records)[0]
    assert row.moment_ms == row.committed_ms


def test_totals_that_do_not_follow_are_noted(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for()
    market.sell(lot)
    market.scale.totals = (1, 512, 0)
    market.sell(lot)
    answer = cloud.deliver(market.envelope())
    assert answer.refused == {}
    (flag,) = _notes(cloud)
    assert flag.code == "totals.mismatch"


def test_totals_that_fall_over_a_hole_are_noted(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for()
    market.sell(lot)
    market.health()  # never arrives
    market.scale.totals = (0, 0, 0)
    market.pending.append(market.health())
    cloud.deliver(market.envelope())
    assert [row.code for row in _notes(cloud)] == ["totals.mismatch"]


def test_a_flood_of_numbers_makes_one_hole_not_many(cloud: CloudUnderTest, market: Market) -> None:
    cloud.deliver(market.envelope(market.health()))
    market.scale.head = chain.Head(2**62, bytes(range(32)))
    cloud.deliver(market.envelope(market.health()))
    assert _open_holes(cloud) == [(2, 2**62)]


def test_the_index_has_no_holes_and_follows_arrival(cloud: CloudUnderTest, market: Market) -> None:
    for _ in range(3):
        cloud.deliver(market.envelope(market.health(), market.health(market.farm)))
    assert [row.idx for row in cloud.rows(store.records)] == [1, 2, 3, 4, 5, 6]


def test_what_is_stored_is_what_was_received(cloud: CloudUnderTest, market: Market) -> None:
    sealed = market.health()
    cloud.deliver(market.envelope(sealed))
    row = cloud.rows(store.records)[0]
    assert row.sealed == sealed
    assert row.digest == chain.digest(sealed)
    assert record.decode(cose.parse(row.sealed).payload).seq == row.seq
