"""The subset of deterministic CBOR: one spelling for each value, and nothing else gets in."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracewire import cbor
from tracewire.errors import Misuse, Rejected

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=300)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(0, 23), inner, max_size=5),
    max_leaves=20,
)

# RFC 8949 appendix A, the rows that are in the subset.
APPENDIX_A = [
    (0, "00"), (1, "01"), (10, "0a"), (23, "17"), (24, "1818"), (25, "1819"), (100, "1864"), (1000, "1903e8"),
    (1000000, "1a000f4240"), (1000000000000, "1b000000e8d4a51000"), (18446744073709551615, "1bffffffffffffffff"),
    (-18446744073709551616, "3bffffffffffffffff"), (-1, "20"), (-10, "29"), (-100, "3863"), (-1000, "3903e7"),
    (False, "f4"), (True, "f5"), (None, "f6"), (b"", "40"), (b"\x01\x02\x03\x04", "4401020304"), ("", "60"),
    ("IETF", "6449455446"), ('"\\', "62225c"), ("\u00fc", "62c3bc"), ("\u6c34", "63e6b0b4"),
    ("\U00010151", "64f0908591"), ([], "80"), ([1, 2, 3], "83010203"), ([1, [2, 3], [4, 5]], "8301820203820405"),
    ({}, "a0"), ({1: 2, 3: 4}, "a201020304"),
]  # fmt: skip

REFUSED = {
    "nothing": ("", "cbor.truncated"),
    "argument_missing": ("18", "cbor.truncated"),
    "argument_cut": ("1903", "cbor.truncated"),
    "one_byte_argument_below_24": ("1817", "cbor.shortest"),
    "two_byte_argument_below_256": ("1900ff", "cbor.shortest"),
    "four_byte_argument_below_65536": ("1a0000ffff", "cbor.shortest"),
    "eight_byte_argument_below_2_32": ("1b00000000ffffffff", "cbor.shortest"),
    "string_cut": ("4401", "cbor.truncated"),
    "string_longer_than_memory": ("5bffffffffffffffff", "cbor.truncated"),
    "array_longer_than_input": ("9affffffff", "cbor.truncated"),
    "indefinite_array": ("9fff", "cbor.indefinite"),
    "indefinite_bytes": ("5f4101ff", "cbor.indefinite"),
    "reserved_argument": ("1c", "cbor.indefinite"),
    "trailing_byte": ("0100", "cbor.trailing"),
    "tag": ("c000", "cbor.tag"),
    "half_float": ("f93c00", "cbor.type"),
    "double_float": ("fb3ff8000000000000", "cbor.type"),
    "undefined": ("f7", "cbor.type"),
    "break_alone": ("ff", "cbor.type"),
    "text_not_utf8": ("61ff", "cbor.text"),
    "text_overlong": ("62c080", "cbor.text"),
    "text_surrogate": ("63eda080", "cbor.text"),
    "map_keys_fall": ("a203010100", "cbor.order"),
    "map_key_twice": ("a201000100", "cbor.order"),
    "map_key_text": ("a1616101", "cbor.key"),
    "map_key_24": ("a1181801", "cbor.key"),
    "map_key_negative": ("a12001", "cbor.key"),
    "map_of_25": ("b819", "cbor.key"),
    "map_cut": ("a101", "cbor.truncated"),
    "nested_too_deep": ("81" * 12 + "00", "cbor.depth"),
}


@pytest.mark.parametrize(("value", "encoded"), APPENDIX_A)
def test_values_of_the_standard_have_the_bytes_of_the_standard(value: object, encoded: str) -> None:
    assert cbor.encode(value).hex() == encoded
    assert cbor.decode(bytes.fromhex(encoded)) == value


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_the_encoder_would_not_write_is_refused(name: str) -> None:
    encoded, code = REFUSED[name]
    with pytest.raises(Rejected) as refusal:
        cbor.decode(bytes.fromhex(encoded))
    assert refusal.value.code == code


@given(VALUES)
def test_every_value_survives_the_round_trip_and_agrees_with_cbor2(value: object) -> None:
    encoded = cbor.encode(value)
    assert cbor.decode(encoded) == value
    assert cbor2.loads(encoded) == value
    assert cbor2.dumps(value, canonical=True) == encoded


@given(st.binary(max_size=80))
def test_any_bytes_either_decode_to_their_own_encoding_or_are_rejected(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except Rejected:
        return
    assert cbor.encode(value) == data


@pytest.mark.parametrize("value", [1.5, {24: 1}, {"a": 1}, {True: 1}, 2**64, -(2**64) - 1, object(), {1, 2}])
def test_a_value_outside_the_subset_is_our_own_mistake(value: object) -> None:
    with pytest.raises(Misuse):
        cbor.encode(value)
