"""Statements to a device: what is encoded is decoded, fits a device's buffer, and nothing else is one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracewire import cbor, cose, feed, p256, receipt
from tracewire.errors import Misuse, Rejected

KEY = p256.SigningKey(bytes(range(1, 33)))
LOT = "35020000100070000012"
lots = st.text("0123456789", min_size=8, max_size=24)
grams = st.integers(0, 0x7FFFFFFF)
names = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
prices = st.tuples(st.integers(1, 99), names, st.binary(min_size=1, max_size=48), st.integers(1, 0x7FFFFFFF))
parties = st.text("0123456789", min_size=9, max_size=13)
numbers = st.binary(min_size=4, max_size=7)
BODIES: dict[int, st.SearchStrategy[Any]] = {
    feed.PRICES: st.lists(prices, min_size=1, max_size=feed.MOST_PRICES),
    feed.STOCK: st.lists(st.tuples(lots, grams), max_size=feed.MOST_STOCK),
    feed.FREEZE: st.lists(st.tuples(lots), max_size=feed.MOST_FROZEN),
    feed.CLOCK: st.tuples(
        st.tuples(st.integers(0, 2**47 - 1), st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
    ),
    feed.FIRMWARE: st.lists(st.tuples(st.binary(min_size=32, max_size=32), grams, names), max_size=1),
    feed.STOPS: st.tuples(
        st.tuples(
            st.lists(parties.map(feed.seller_name), max_size=feed.MOST_STOPPED).map(b"".join),
            st.lists(numbers.map(feed.card_name), max_size=feed.MOST_STOPPED).map(b"".join),
        )
    ),
}


def statement(**changes: Any) -> feed.Statement:
    values = {"kid": KEY.kid, "kind": feed.FREEZE, "serial": 3, "issued_ms": 5, "expires_ms": 6, "body": ((LOT,),)}
    return feed.Statement(**{**values, **changes})


@given(st.sampled_from(sorted(BODIES)).flatmap(lambda kind: st.tuples(st.just(kind), BODIES[kind])))
def test_a_statement_survives_the_round_trip_and_fits_a_device(kind_and_body: tuple[int, Any]) -> None:
    kind, body = kind_and_body
    original = statement(kind=kind, body=body)
    decoded = feed.decode(original.encode())
    assert decoded.encode() == original.encode()
    assert tuple(map(tuple, body)) == decoded.body
    assert len(cose.seal(original.encode(), cose.FEED, KEY)) <= cose.MAX_SEALED_BYTES


@pytest.mark.parametrize(
    "changes",
    [
        {"kid": b"short"},
        {"kind": 0},
        {"kind": 7},
        {"serial": 0},
        {"serial": 2**63},
        {"issued_ms": -1},
        {"expires_ms": 5},
        {"body": ((LOT, 1),)},
        {"body": ((LOT,),) * 65},
        {"body": (("12a45678",),)},
        {"kind": feed.PRICES, "body": ()},
        {"kind": feed.PRICES, "body": ((1, "肉", b"", 1),)},
        {"kind": feed.PRICES, "body": ((1, "肉", b"x", 0),)},
        {"kind": feed.CLOCK, "body": ()},
        {"kind": feed.CLOCK, "body": ((1, 1, bytes(31)),)},
        {"kind": feed.STOPS, "body": ()},
        {"kind": feed.STOPS, "body": ((b"", b""),) * 2},
        {"kind": feed.STOPS, "body": ((b"123456", b""),)},
        {"kind": feed.STOPS, "body": ((b"", bytes(8 * 201)),)},
    ],
)
def test_a_statement_out_of_bounds_is_not_written(changes: dict[str, Any]) -> None:
    with pytest.raises(Misuse):
        statement(**changes).encode()


@pytest.mark.parametrize("rows", [None, 1, {}, [[]], [[1]], [b"x"], [[b"\x12"]], [[b"\xff\xff\xff\xff"]], [[b"", 1]]])
@pytest.mark.parametrize("kind", sorted(BODIES))
def test_a_body_of_another_shape_is_refused(kind: int, rows: object) -> None:
    with pytest.raises(Rejected):
        feed.decode(cbor.encode({1: 1, 2: KEY.kid, 3: kind, 4: 1, 5: 1, 6: 2, 7: rows}))


@given(st.binary(max_size=200))
def test_any_other_bytes_are_rejected_and_nothing_else_escapes(data: bytes) -> None:
    with pytest.raises(Rejected):
        feed.decode(data)


@given(st.integers(0, 200), st.integers(0, 7), st.sampled_from(sorted(BODIES)))
def test_a_flipped_bit_gives_another_statement_or_is_rejected(place: int, bit: int, kind: int) -> None:
    never_empty = {feed.PRICES: ((1, "肉", b"x", 1),), feed.CLOCK: ((1, 1, bytes(32)),), feed.STOPS: ((b"", b""),)}
    body: Any = never_empty.get(kind, ())
    payload = bytearray(statement(kind=kind, body=body).encode())
    payload[place % len(payload)] ^= 1 << bit
    try:
        decoded = feed.decode(bytes(payload))
    except Rejected:
        return
    assert decoded.encode() == bytes(payload)


def test_the_longest_stop_list_fits_a_device() -> None:
    most = (bytes(7) * feed.MOST_STOPPED, bytes(8) * feed.MOST_STOPPED)
    sealed = cose.seal(statement(kind=feed.STOPS, body=(most,)).encode(), cose.FEED, KEY)
    assert len(sealed) <= cose.MAX_SEALED_BYTES


@given(st.lists(parties, max_size=9), parties)
def test_a_seller_is_named_or_not(named: list[str], asked: str) -> None:
    listed = b"".join(map(feed.seller_name, named))
    assert feed.is_named(feed.seller_name(asked), listed) == (asked in named)
    assert all(feed.is_named(feed.seller_name(one), listed) for one in named)


@given(st.lists(numbers, max_size=9), numbers)
def test_a_card_is_named_or_not(named: list[bytes], asked: bytes) -> None:
    listed = b"".join(map(feed.card_name, named))
    assert feed.is_named(feed.card_name(asked), listed) == (asked in named)
    assert all(feed.is_named(feed.card_name(one), listed) for one in named)


def test_a_name_across_two_others_is_none() -> None:
    first, second = feed.seller_name("3502000010001"), feed.seller_name("3502000010002")
    across = (first + second)[3:10]
    assert not feed.is_named(across, first + second)
    assert feed.is_named(across, first + second + across)


def test_a_receipt_is_told_from_a_statement_unopened() -> None:
    assert feed.is_statement(statement().encode())
    assert not feed.is_statement(receipt.Receipt(receipt.CLOUD, KEY.kid, 3, 9, bytes(32), 5).encode())
    assert not feed.is_statement(b"")
