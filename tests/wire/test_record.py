"""Records: every kind survives the trip, and every rule of the table refuses what breaks it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracewire import cbor, record
from tracewire.errors import Misuse, Rejected
from tracewire.fields import Digits, Number, Octets, Rows, Text

SALE = {
    "net_grams": 812, "tare_grams": 12, "price_fen_per_kg": 3280, "amount_fen": 2663,
    "plu": 3, "lot": "35020000100070000012", "weighing_back": 1,
}  # fmt: skip


def sale(**changes: Any) -> record.Record:
    body = {name: value for name, value in {**SALE, **changes}.items() if value is not None}
    return record.Record(record.SALE, body, 42, bytes(range(32)), 1_790_000_000_000, (17, 9000, 25_000), 3)


def values_of(field_type: Any) -> st.SearchStrategy[Any]:
    """Values that a field of this type may have."""
    if isinstance(field_type, Number):
        return st.integers(field_type.least, field_type.most)
    if isinstance(field_type, Octets):
        return st.binary(min_size=field_type.length, max_size=field_type.length)
    if isinstance(field_type, Digits):
        return st.text("0123456789", min_size=field_type.least, max_size=field_type.most)
    if isinstance(field_type, Text):
        return st.text("秤信abc 1", min_size=1, max_size=field_type.most // 3)
    assert isinstance(field_type, Rows)
    row = st.tuples(*(values_of(column) for column in field_type.columns))
    return st.lists(row, min_size=1, max_size=field_type.most).map(tuple)


@st.composite
def records(draw: st.DrawFn) -> record.Record:
    kind = draw(st.sampled_from(sorted(record.FIELDS)))
    body = {
        name: draw(values_of(field_type))
        for _, name, field_type, required in record.FIELDS[kind]
        if required or draw(st.booleans())
    }
    seq = draw(st.integers(2, 2**63 - 1))
    prev = draw(st.binary(min_size=32, max_size=32).filter(any))
    totals = draw(st.tuples(*[st.integers(0, 2**63 - 1)] * 3))
    time_ms, boot = draw(st.integers(0, 2**47 - 1)), draw(st.integers(0, 2**31 - 1))
    return record.Record(kind, body, seq, prev, time_ms, totals, boot)


@given(records())
def test_every_kind_of_record_survives_the_round_trip(original: record.Record) -> None:
    decoded = record.decode(original.encode())
    assert vars(decoded) == vars(original)
    assert decoded.encode() == original.encode()


def test_the_tables_have_rising_keys_and_distinct_names() -> None:
    assert set(record.FIELDS) == set(record.KINDS)
    for rows in record.FIELDS.values():
        keys = [row[0] for row in rows]
        assert keys == list(range(1, len(rows) + 1))
        assert len({row[1] for row in rows}) == len(rows)


def altered(change: dict[int, Any]) -> bytes:
    entries = cbor.decode(sale().encode())
    assert isinstance(entries, dict)
    entries.update(change)
    return cbor.encode({key: value for key, value in entries.items() if value is not ...})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({1: 2}, "record.version"),
        ({2: 0}, "record.header"),
        ({2: 1}, "record.prev"),
        ({3: bytes(32)}, "record.prev"),
        ({3: b"short"}, "record.header"),
        ({4: -1}, "record.header"),
        ({4: True}, "record.header"),
        ({5: 0}, "record.kind"),
        ({5: 23}, "record.kind"),
        ({5: True}, "record.kind"),
        ({6: 7}, "record.body"),
        ({7: [1, 2]}, "record.totals"),
        ({7: 5}, "record.totals"),
        ({7: [1, 2, -3]}, "record.totals"),
        ({8: ...}, "record.header"),
        ({9: 1}, "record.header"),
    ],
)
def test_a_header_that_breaks_a_rule_is_refused(change: dict[int, Any], code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        record.decode(altered(change))
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("body_change", "code"),
    [
        ({1: 0}, "record.field"),
        ({1: -5}, "record.field"),
        ({1: "812"}, "record.field"),
        ({1: ...}, "record.missing"),
        ({6: "35020000100070000012"}, "record.digits"),
        ({6: b"\xab"}, "record.digits"),
        ({6: b"\xf1\x11"}, "record.digits"),
        ({9: 1}, "record.unknown"),
    ],
)
def test_a_body_that_breaks_a_rule_is_refused(body_change: dict[int, Any], code: str) -> None:
    entries = cbor.decode(sale().encode())
    assert isinstance(entries, dict)
    entries[6].update(body_change)
    entries[6] = {key: value for key, value in entries[6].items() if value is not ...}
    with pytest.raises(Rejected) as refusal:
        record.decode(cbor.encode(entries))
    assert refusal.value.code == code


@given(st.binary(max_size=120))
def test_any_other_bytes_are_rejected_and_nothing_else_escapes(data: bytes) -> None:
    with pytest.raises(Rejected):
        record.decode(data)


def test_a_field_that_is_missing_or_unknown_when_sealing_is_our_own_mistake() -> None:
    for wrong in ({"net_grams": None}, {"colour": 1}, {"net_grams": -1}, {"lot": "12a45678"}):
        with pytest.raises(Misuse):
            sale(**wrong).encode()


@given(st.text("0123456789", min_size=1, max_size=24))
def test_packed_digits_keep_every_digit_and_half_the_space(digits: str) -> None:
    packed = record.pack_digits(digits)
    assert record.unpack_digits(packed) == digits
    assert len(packed) == (len(digits) + 1) // 2


def test_totals_advance_by_what_the_record_says_and_never_fall() -> None:
    assert record.advance((1, 100, 50), record.SALE, SALE) == (2, 912, 2713)
    assert record.advance((1, 100, 50), record.CARCASS, {"hot_grams": 90_000}) == (2, 90_100, 50)
    outputs = (("12345678", 7), ("12345679", 8))
    assert record.advance((1, 100, 50), record.MOVEMENT, {"outputs": outputs}) == (2, 115, 50)
    assert record.advance((1, 100, 50), record.HEALTH, {}) == (1, 100, 50)


def test_a_code_is_the_base_and_the_count_until_the_base_is_used_up() -> None:
    assert record.code_of("3502000010007", 12) == "35020000100070000012"
    with pytest.raises(Misuse):
        record.code_of("3502000010007", 10_000_000)
