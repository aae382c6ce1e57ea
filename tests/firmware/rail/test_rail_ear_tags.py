"""The reader's frames and the digits of an ear tag: what is read, and that nothing else gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rail import ear_tags
from tracewire.errors import Rejected

from simulators.rail_process import frame

TAG = "135082140018200"


def test_an_ear_tag_and_a_hook_are_told_apart_by_their_letter() -> None:
    assert ear_tags.read(b"$E135082140018200*76\r\n") == (ear_tags.EAR_TAG, TAG)
    assert ear_tags.read(b"$H12*4B") == (ear_tags.HOOK, "12")


@given(st.from_regex(r"[0-9]{15}", fullmatch=True), st.integers(0, 999_999))
def test_every_sound_frame_is_read(digits: str, hook: int) -> None:
    assert ear_tags.read(frame("E", digits).encode()) == ("E", digits)
    assert ear_tags.read(frame("H", str(hook)).encode()) == ("H", str(hook))


@given(st.binary(max_size=40))
def test_any_bytes_are_a_frame_or_refused(noise: bytes) -> None:
    for said in (noise, b"$" + noise, b"$E" + noise + b"*00"):
        try:
            kind, digits = ear_tags.read(said)
        except Rejected as refusal:
            assert refusal.code in {"tag.frame", "tag.checksum"}
        else:
            assert digits.isascii() and digits.isdigit()
            assert kind in {"E", "H"}


@given(st.from_regex(r"[0-9]{15}", fullmatch=True), st.integers(0, 19), st.integers(1, 255))
def test_no_damaged_byte_gets_through(digits: str, place: int, flip: int) -> None:
    said = bytearray(frame("E", digits).encode())
    said[place] ^= flip
    with pytest.raises(Rejected):
        ear_tags.read(bytes(said))


@pytest.mark.parametrize(
    "said",
    [
        "",
        "$",
        "$*00",
        frame("E", TAG[:14]),
        frame("E", TAG + "0"),
        frame("H", ""),
        frame("H", "1234567"),
        frame("F", TAG),
        frame("E", "13508214001820A"),
        frame("E", "156 00012345678"),
        frame("E", TAG).lower(),
        " " + frame("E", TAG),
        frame("E", TAG) + " ",
    ],
)
def test_what_is_nearly_a_frame_is_refused(said: str) -> None:
    with pytest.raises(Rejected):
        ear_tags.read(said.encode())


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("235082140018200", "tag.species"),
        ("199082140018200", "tag.county"),
        ("116082140018200", "tag.county"),
        ("135002140018200", "tag.county"),
        ("135080040018200", "tag.county"),
        ("135082100000000", "tag.animal"),
    ],
)
def test_digits_that_no_pig_can_wear_are_refused(tag: str, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        ear_tags.check(tag, ear_tags.PIG)
    assert refused.value.code == code


@pytest.mark.parametrize("tag", [TAG, "111010100000001", "165432199999999", "182010112345678"])
def test_pigs_of_every_corner_are_let_through(tag: str) -> None:
    ear_tags.check(tag, ear_tags.PIG)


def test_cattle_and_sheep_have_their_own_first_digit() -> None:
    ear_tags.check("2" + TAG[1:], ear_tags.CATTLE)
    ear_tags.check("3" + TAG[1:], ear_tags.SHEEP)
