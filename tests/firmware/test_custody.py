"""Custody: what a receipt proves to a device, and what it does not."""

import pytest
from device.custody import AHEAD, RECEIPT_OVERDUE_MS, SETTLEMENT_OVERDUE_MS, Custody
from hypothesis import given
from hypothesis import strategies as st
from tracewire import receipt
from tracewire.errors import Rejected
from tracewire.receipt import CLOUD, GATEWAY, Receipt

KID = b"ourselfs"
NEWEST = 100


def digest(seq: int) -> bytes:
    return seq.to_bytes(32, "big")


def own_digest(seq: int) -> bytes | None:
    return digest(seq) if 0 < seq <= NEWEST else None


def kept(seq_from: int, seq_to: int, level: int = GATEWAY, refused: tuple[int, ...] = ()) -> Receipt:
    head = digest(seq_to) if seq_to >= seq_from else bytes(32)
    return Receipt(level, KID, seq_from, seq_to, head, 1, [(seq, digest(seq), "chain.prev") for seq in refused])


def settled(seq_from: int, seq_to: int, refused: tuple[int, ...] = ()) -> Receipt:
    return kept(seq_from, seq_to, CLOUD, refused)


@pytest.fixture
def custody() -> Custody:
    return Custody(KID, 0, own_digest)


def send_all(custody: Custody, now_ms: int = 0) -> list[int]:
    went = []
    while seq := custody.next_to_send(NEWEST, now_ms):
        went.append(seq)
        custody.sent(seq, now_ms)
    return went


def refusal(custody: Custody, level: int, statement: Receipt) -> str:
    before = (custody.settled_to, custody.kept_to)
    with pytest.raises(Rejected) as caught:
        custody.receive(level, statement, 0)
    assert (custody.settled_to, custody.kept_to) == before
    return caught.value.code


def test_records_go_out_in_order_within_the_window(custody: Custody) -> None:
    assert send_all(custody) == list(range(1, AHEAD + 1))
    custody.receive(GATEWAY, kept(1, 10), 0)
    assert send_all(custody) == list(range(AHEAD + 1, AHEAD + 11))


def test_only_the_cloud_releases(custody: Custody) -> None:
    assert custody.receive(GATEWAY, kept(1, 10), 0) == []
    assert custody.receive(CLOUD, settled(1, 8), 0) == [(1, 8, digest(8))]
    assert (custody.settled_to, custody.kept_to) == (8, 10)


def test_what_was_not_receipted_goes_out_again_after_a_reconnection(custody: Custody) -> None:
    send_all(custody)
    custody.receive(GATEWAY, kept(1, 10), 0)
    custody.reconnect(0)
    assert send_all(custody)[0] == 11


def test_what_was_not_receipted_in_time_goes_out_again(custody: Custody) -> None:
    send_all(custody)
    custody.receive(GATEWAY, kept(1, 10), 5)
    send_all(custody)
    assert custody.next_to_send(NEWEST, RECEIPT_OVERDUE_MS + 4) == 0
    assert custody.next_to_send(NEWEST, RECEIPT_OVERDUE_MS + 5) == 11


def test_what_a_gateway_kept_but_the_cloud_never_settled_is_offered_again(custody: Custody) -> None:
    custody.receive(GATEWAY, kept(1, NEWEST), 0)
    assert custody.next_to_send(NEWEST, SETTLEMENT_OVERDUE_MS - 1) == 0
    assert custody.next_to_send(NEWEST, SETTLEMENT_OVERDUE_MS) == 1


def test_a_gateway_may_know_more_than_this_session_has_sent(custody: Custody) -> None:
    custody.receive(GATEWAY, kept(1, 40), 0)
    assert custody.next_to_send(NEWEST, 0) == 41


def test_receipts_that_prove_nothing_move_nothing(custody: Custody) -> None:
    custody.receive(CLOUD, settled(1, 5), 0)
    assert refusal(custody, GATEWAY, settled(6, 9)) == "custody.level"
    assert refusal(custody, CLOUD, Receipt(CLOUD, b"stranger", 6, 9, digest(9), 1)) == "custody.kid"
    assert refusal(custody, CLOUD, settled(6, NEWEST + 1)) == "custody.unknown"
    assert refusal(custody, CLOUD, Receipt(CLOUD, KID, 6, 9, digest(8), 1)) == "custody.head"
    assert refusal(custody, CLOUD, settled(8, 9)) == "custody.gap"
    assert refusal(custody, GATEWAY, kept(8, 9)) == "custody.gap"
    assert custody.receive(CLOUD, settled(1, 5), 0) == []  # a replay


def test_a_refused_record_is_settled_when_its_turn_comes(custody: Custody) -> None:
    assert custody.receive(CLOUD, settled(1, 0, refused=(4,)), 0) == []
    assert custody.refused == 0
    assert custody.receive(CLOUD, settled(1, 3), 0) == [(1, 3, digest(3)), (4, 4, digest(4))]
    assert (custody.settled_to, custody.refused) == (4, 1)
    assert custody.receive(CLOUD, settled(5, 4, refused=(5,)), 0) == [(5, 5, digest(5))]


def test_a_refused_copy_of_our_number_settles_nothing_and_spoils_nothing(custody: Custody) -> None:
    of_a_clone = Receipt(CLOUD, KID, 1, 3, digest(3), 1, [(4, digest(2), "chain.fork")])
    assert custody.receive(CLOUD, of_a_clone, 0) == [(1, 3, digest(3))]
    assert (custody.settled_to, custody.refused) == (3, 0)


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(1, 130), st.integers(0, 130), st.sets(st.integers(1, 130), max_size=3))
    )
)
def test_ranges_are_released_in_order_without_a_hole(arrivals: list[tuple[bool, int, int, set[int]]]) -> None:
    custody = Custody(KID, 0, own_digest)
    released_to = 0
    for is_cloud, seq_from, seq_to, refused in arrivals:
        level = receipt.CLOUD if is_cloud else receipt.GATEWAY
        try:
            ranges = custody.receive(level, kept(seq_from, seq_to, level, tuple(sorted(refused))), 0)
        except Rejected:
            continue
        for first, last, head in ranges:
            assert first <= released_to + 1
            assert head == own_digest(last)
            released_to = last
        assert released_to == custody.settled_to <= custody.kept_to <= max(custody.sent_to, custody.kept_to)


def test_what_was_freed_on_a_gateways_word_is_awaited_no_longer(custody: Custody) -> None:
    custody.receive(GATEWAY, kept(1, 40), 0)
    custody.freed(40)
    assert custody.receive(CLOUD, settled(41, 50), 0) == [(41, 50, digest(50))]


def test_a_record_that_flash_damage_took_holds_up_no_other(custody: Custody) -> None:
    damaged = Custody(KID, 0, lambda seq: None if seq == 5 else own_digest(seq))
    assert damaged.receive(CLOUD, settled(1, 4), 0) == [(1, 4, digest(4))]
    damaged.receive(GATEWAY, kept(6, 20), 0)
    assert damaged.kept_to == 20
    assert damaged.receive(CLOUD, settled(6, 20), 0) == [(6, 20, digest(20))]
    assert damaged.settled_to == 20
    custody.receive(CLOUD, settled(1, 4), 0)
    assert refusal(custody, CLOUD, settled(6, 20)) == "custody.gap"  # here 5 is sound, and in nobody's hands
