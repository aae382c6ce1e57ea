"""The electronic identity mark: what an authority issues is read back, and nothing else is believed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracewire import cbor, cose, mark, p256
from tracewire.errors import Misuse, Rejected
from tracewire.mark import Mark

KEY, OTHER = p256.SigningKey(bytes(range(1, 33))), p256.SigningKey(bytes(range(2, 34)))
ISSUER = p256.VerifyingKey(KEY.point)
PREFIX = "https://trace.example/e/"
STALL = Mark("3502000010101", 7, "林记鲜肉", 1_790_000_000_000)


def payload(**changes: object) -> bytes:
    entries = {1: 1, 2: b"\x35\x02\x00\x00\x10\x10\x1f", 3: 7, 4: "林", 5: 1}
    return cbor.encode({**entries, **{int(key[1:]): value for key, value in changes.items()}})


def test_a_sealed_mark_is_read_back() -> None:
    text = mark.issue(PREFIX, STALL, KEY)
    party, sealed = mark.read(text.encode())
    assert party == STALL.party
    assert vars(mark.open_sealed(sealed, party, ISSUER)) == vars(STALL)
    assert len(text) < 300


def test_a_plain_mark_names_a_party_and_proves_nothing() -> None:
    assert mark.read(b" https://trace.example/e/3502000010101\r\n") == ("3502000010101", b"")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "mark.address"),
        (b"3502000010101", "mark.address"),
        (b"ftp://x/e/3502000010101", "mark.address"),
        (b"https://x/t/35020000100070000012", "mark.address"),
        (b"https://x/e/35020000", "mark.address"),
        (b"https://x/e/35020000101012", "mark.address"),
        ("https://x/e/３５０２０００".encode(), "mark.address"),
        (b"https://x/e/3502000010101#A", "mark.base64"),
        (b"https://x/e/3502000010101#AA==", "mark.base64"),
        (b"https://x/e/3502000010101#" + b"A" * 600, "mark.length"),
    ],
)
def test_what_is_no_mark_is_refused(text: bytes, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        mark.read(text)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    "statement",
    [b"\x80", payload(k1=2), payload(k2=b"\xff"), payload(k3=-1), payload(k4=""), payload(k5=None), payload(k6=0)],
)
def test_a_seal_over_something_else_is_refused(statement: bytes) -> None:
    with pytest.raises(Rejected):
        mark.open_sealed(cose.seal(statement, mark.PURPOSE, KEY), "3502000010101", ISSUER)


def test_a_seal_of_another_key_purpose_or_party_is_refused() -> None:
    forged = mark.read(mark.issue(PREFIX, STALL, OTHER).encode())[1]
    record = cose.seal(payload(), cose.RECORD, KEY)
    moved = mark.read(mark.issue(PREFIX, STALL, KEY).encode())[1]
    for sealed, party in ((forged, STALL.party), (record, STALL.party), (moved, "3502000010102")):
        with pytest.raises(Rejected):
            mark.open_sealed(sealed, party, ISSUER)


def test_a_mark_out_of_bounds_is_not_issued() -> None:
    with pytest.raises(Misuse):
        mark.issue(PREFIX, Mark("35", 1, "x", 1), KEY)


@given(
    st.one_of(st.binary(max_size=700), st.binary(max_size=300).map(lambda tail: b"https://x/e/3502000010101#" + tail))
)
def test_no_bytes_do_more_than_be_refused(text: bytes) -> None:
    with contextlib.suppress(Rejected):
        mark.read(text)
