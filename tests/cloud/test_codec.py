"""The fast decoder says what the format's own says, of every byte string."""

from collections.abc import Callable

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tracewire import cbor, cose, p256, record
from tracewire.curve.parameters import ORDER
from tracewire.errors import Rejected

from cloud import codec
from simulators.node import Node
from tests.cloud.market import Market
from tests.examples import examples
from tests.wire.test_cbor import APPENDIX_A, REFUSED, VALUES

_LIBERAL = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.binary(max_size=30)
    | st.text(max_size=9)
    | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(-1, 30) | st.booleans() | st.text(max_size=1), inner, max_size=4)
        | st.builds(cbor2.CBORTag, st.sampled_from([2, 3, 25, 28, 29, 30, 35, 256, 258, 55799, 77]), inner)
    ),
    max_leaves=12,
)
"""What the library would write and read, and the format mostly not."""


def _outcome(decode: object, data: bytes) -> tuple[str, object]:
    assert callable(decode)
    try:
        return "value", decode(data)
    except Rejected as refusal:
        return "refused", (refusal.code, refusal.detail)


def _agree(data: bytes) -> None:
    expected = _outcome(cbor.decode, data)
    found = _outcome(codec.decode, data)
    assert found == expected
    assert repr(found) == repr(expected)  # True is not 1, and the order of keys counts


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_the_format_refuses_is_refused_for_the_same_reason(name: str) -> None:
    _agree(bytes.fromhex(REFUSED[name][0]))


@pytest.mark.parametrize(("value", "encoded"), APPENDIX_A)
def test_what_the_standard_writes_is_read(value: object, encoded: str) -> None:
    assert codec.decode(bytes.fromhex(encoded)) == value


@given(VALUES)
def test_every_value_of_the_subset_is_read(value: object) -> None:
    _agree(cbor.encode(value))


@settings(max_examples=examples(500))
@given(st.binary(max_size=40))
def test_both_decoders_agree_on_any_bytes(data: bytes) -> None:
    _agree(data)


@settings(max_examples=examples(500))
@given(_LIBERAL, st.booleans())
def test_both_decoders_agree_on_what_a_liberal_encoder_writes(value: object, shares_strings: bool) -> None:
    _agree(cbor2.dumps(value, string_referencing=shares_strings))


@settings(max_examples=examples(500))
@given(VALUES, st.data())
def test_both_decoders_agree_on_damaged_bytes(value: object, data: st.DataObject) -> None:
    encoded = bytearray(cbor.encode(value))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    _agree(bytes(encoded))


@pytest.mark.parametrize("depth", range(6, 13))
@pytest.mark.parametrize("innermost", ["00", "80", "a0"])
def test_nesting_ends_at_the_same_depth(depth: int, innermost: str) -> None:
    _agree(bytes.fromhex("81" * depth + innermost))
    _agree(bytes.fromhex("a100" * depth + innermost))


def test_no_tag_gets_through() -> None:
    for number in range(0x10010):
        assert _outcome(codec.decode, cbor.head(0xC0, number) + b"\x41\x05") == (
            "refused",
            ("cbor.tag", "tags are not in the subset"),
        )


def test_a_reference_cannot_pay_for_a_long_form() -> None:
    # [ten bytes, reference to them, 1, 1]: as long as [ten bytes, the same ten bytes, 1, 1].
    data = bytes.fromhex("d90100844a" + "00" * 10 + "d819001a000000011801")
    assert len(data) == len(cbor.encode([bytes(10), bytes(10), 1, 1]))
    _agree(data)


def _sealed_records() -> list[bytes]:
    market = Market()
    market.card_in(market.pork_for())
    market.sell("35020000100070000012")
    return list(market.pending)


SEALED = _sealed_records()


def test_a_record_is_the_same_record() -> None:
    assert len(SEALED) > 5
    for sealed in SEALED:
        payload = cose.parse(sealed).payload
        expected = vars(record.decode(payload))
        assert vars(codec.decode_record(payload)) == expected
        assert vars(codec.reopen(sealed)) == expected


def _agree_on_record(payload: bytes) -> None:
    expected, found = _outcome(record.decode, payload), _outcome(codec.decode_record, payload)
    if expected[0] == "value":
        assert repr(vars(found[1])) == repr(vars(expected[1]))  # True is not 1, and the order of fields counts
    else:
        assert found == expected


PAYLOADS = [cose.parse(sealed).payload for sealed in SEALED]


@settings(max_examples=examples(1000))
@given(st.sampled_from(PAYLOADS), st.data())
def test_damaged_records_are_refused_for_the_same_reason(payload: bytes, data: st.DataObject) -> None:
    damaged = bytearray(payload)
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    _agree_on_record(bytes(damaged))


_WORTH_TRYING = VALUES | st.sampled_from(
    [
        True,
        False,
        None,
        0,
        1,
        23,
        24,
        255,
        256,
        65535,
        65536,
        2**31 - 1,
        2**31,
        2**47 - 1,
        2**47,
        2**63 - 1,
        2**63,
        b"",
        bytes(3),
        bytes(32),
        b"\x35\x02",
        "a",
        "\x7f",
        [],
        [1, 2, 3],
        [0, 0],
        {},
        {1: 1},
        {24: 1},
    ]
)


@settings(max_examples=examples(1000))
@given(st.sampled_from(PAYLOADS), st.data())
def test_any_value_in_any_field_is_judged_alike(payload: bytes, data: st.DataObject) -> None:
    entries = cbor.decode(payload)
    assert isinstance(entries, dict)
    where = data.draw(st.sampled_from([entries, entries[6]]))
    key = data.draw(st.integers(1, 23))
    if data.draw(st.booleans()):
        where[key] = data.draw(_WORTH_TRYING)
    else:
        where.pop(key, None)
    _agree_on_record(cbor2.dumps(dict(sorted(entries.items()))))


@pytest.mark.parametrize("swap", [("010102", "01f502"), ("010102", "f50102"), ("83000000", "43000000")])
def test_what_equals_an_integer_and_is_none_is_no_record(swap: tuple[str, str]) -> None:
    clock: dict[str, object] = {"before_ms": 0, "source": 1}
    payload = record.Record(record.CLOCK, clock, 1, bytes(32), 0).encode()
    bent = bytes.fromhex(payload.hex().replace(*swap, 1))
    assert bent != payload
    _agree_on_record(bent)
    with pytest.raises(Rejected):
        codec.decode_record(bent)


@pytest.mark.parametrize("length", [0, 1, 23, 24, 25, 255, 256, 257, 4000, 5000])
def test_a_message_of_any_length_is_taken_apart_alike(length: int) -> None:
    sealed = cose.seal(bytes(length), cose.RECORD, Market().cloud.key)
    expected, found = _outcome(cose.parse, sealed), _outcome(codec.parse, sealed)
    assert found[0] == expected[0]
    if expected[0] == "value":
        assert vars(found[1]) == vars(expected[1])
    else:
        assert found == expected


@settings(max_examples=examples(500))
@given(st.sampled_from(SEALED), st.data())
def test_both_parsers_agree_on_damaged_messages(sealed: bytes, data: st.DataObject) -> None:
    damaged = bytearray(sealed)
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    expected, found = _outcome(cose.parse, bytes(damaged)), _outcome(codec.parse, bytes(damaged))
    if expected[0] == "value":
        assert vars(found[1]) == vars(expected[1])
    else:
        assert found == expected


@pytest.mark.parametrize("payload", [b"", b"\xa0", b"\xf6", b"\x80", bytes(40), cbor.encode({1: 1, 2: 2})])
def test_what_is_no_record_is_refused_when_reopened(payload: bytes) -> None:
    sealed = cose.seal(payload, cose.RECORD, Market().cloud.key)
    assert _outcome(codec.reopen, sealed) == _outcome(record.decode, payload)


SCALE = Node("scale-0001", "scale")
STRANGER = Node("scale-0002", "scale")


def _mirrored(sealed: bytes) -> bytes:
    return sealed[:-32] + (ORDER - int.from_bytes(sealed[-32:], "big")).to_bytes(32, "big")


@pytest.mark.parametrize("detail", ["", 300 * "x"], ids=["short", "long"])
@pytest.mark.parametrize(
    "bend",
    [
        bytes,
        _mirrored,
        lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
        lambda sealed: sealed[:-64] + bytes(64),
        lambda sealed: sealed[:40] + bytes([sealed[40] ^ 1]) + sealed[41:],
        lambda sealed: cose.seal(cose.parse(sealed).payload, cose.RECEIPT, SCALE.key),
    ],
)
@pytest.mark.parametrize("signer", [SCALE, STRANGER], ids=lambda node: node.credential.name)
def test_a_signature_is_judged_alike(bend: Callable[[bytes], bytes], detail: str, signer: Node) -> None:
    key = p256.VerifyingKey(signer.key.point)
    sealed = bend(cose.seal(cbor.encode({1: 40 * b"x", 2: detail}), cose.RECORD, SCALE.key))
    message = codec.parse(sealed)
    expected = _outcome(lambda _: cose.verify(message, cose.RECORD, key), sealed)
    assert _outcome(lambda data: codec.verify(data, message, key), sealed) == expected
    assert expected[0] == ("value" if bend is bytes and signer is SCALE else "refused")
