"""Frames of a weighing module: what is read, what is refused, and that nothing but ``Rejected`` comes of any bytes."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scale import module_frames
from scale.module_frames import FRAME_BYTES, FrameStream, decode, encode
from scale.module_source import NOISE_BYTES, OVER_RANGE_MG, ModuleSource
from tracewire.errors import Rejected, Unavailable

SIX_DIGITS = st.integers(-999_999, 999_999)


def sealed(body: bytes) -> bytes:
    """Put the right checksum behind 17 bytes."""
    return body + bytes((-sum(body) & 0x7F,))


def changed(at: int, value: int) -> bytes:
    frame = bytearray(encode(520_000))
    frame[at] = value
    return sealed(bytes(frame[:-1]))


def test_a_frame_byte_by_byte() -> None:
    assert encode(520_000) == b"\x02\x2d\x30\x20000520000000\r" + bytes(
        (-sum(b"\x02\x2d\x30\x20000520000000\r") & 0x7F,)
    )


@given(SIX_DIGITS, st.booleans(), st.booleans(), st.booleans())
def test_what_a_module_says_is_read(grams: int, steady: bool, in_range: bool, zero: bool) -> None:
    frame = decode(encode(grams * 1000, is_steady=steady, is_in_range=in_range, has_zero=zero))
    assert (frame.milligrams, frame.is_steady, frame.is_in_range, frame.has_zero) == (
        grams * 1000,
        steady,
        in_range,
        zero,
    )


@pytest.mark.parametrize(
    ("swa", "milligrams"),
    [(0x2D, 520_000), (0x2E, 52_000), (0x2C, 5_200_000), (0x2A, 520_000_000), (0x28, 52_000_000_000)],
)
def test_the_decimal_point_stands_where_the_status_says(swa: int, milligrams: int) -> None:
    assert decode(changed(1, swa)).milligrams == milligrams


def test_tenfold_resolution_is_a_tenth() -> None:
    assert decode(changed(3, 0x30)).milligrams == 52_000


def test_leading_blanks_are_zeros_and_parity_is_ignored() -> None:
    blank = sealed(encode(520_000)[:4] + b"   520   " + b"  0\r")
    assert decode(blank).milligrams == 520_000
    with_parity = bytes(octet | (0x80 if octet.bit_count() % 2 else 0) for octet in encode(520_000))
    assert decode(with_parity).milligrams == 520_000


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (encode(1000)[:-1], "module.frame"),
        (changed(0, 0x03), "module.frame"),
        (changed(16, 0x0A), "module.frame"),
        (encode(1000)[:-1] + bytes((encode(1000)[-1] ^ 1,)), "module.checksum"),
        (changed(1, 0x0D), "module.status"),
        (changed(3, 0x60), "module.status"),
        (changed(2, 0x31), "module.net"),
        (changed(15, ord("1")), "module.net"),
        (changed(2, 0x20), "module.unit"),
        (changed(3, 0x21), "module.unit"),
        (changed(6, ord("x")), "module.digits"),
        (changed(6, ord(" ")), "module.digits"),
        (changed(6, ord("-")), "module.digits"),
    ],
)
def test_a_frame_that_is_not_gross_kilograms_is_refused(frame: bytes, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        decode(frame)
    assert refusal.value.code == code


@given(st.binary(max_size=64))
def test_any_bytes_are_a_frame_or_a_refusal(data: bytes) -> None:
    try:
        decode(data)
    except Rejected as refusal:
        assert refusal.code.startswith("module.")


@given(SIX_DIGITS, st.integers(0, FRAME_BYTES - 1), st.integers(1, 127))
def test_one_wrong_byte_never_makes_another_weight(grams: int, at: int, flip: int) -> None:
    frame = bytearray(encode(grams * 1000))
    frame[at] ^= flip
    with pytest.raises(Rejected):
        decode(bytes(frame))


@given(
    st.lists(st.tuples(st.binary(max_size=30).filter(lambda noise: 2 not in {b & 0x7F for b in noise}), SIX_DIGITS)),
    st.data(),
)
def test_frames_are_found_between_noise_however_the_bytes_are_cut(
    parts: list[tuple[bytes, int]], data: st.DataObject
) -> None:
    line = b"".join(noise + encode(grams * 1000) for noise, grams in parts)
    stream, found = FrameStream(), []
    while line:
        size = data.draw(st.integers(1, len(line)))
        found += stream.feed(line[:size])
        line = line[size:]
    assert [frame.milligrams for frame in found] == [grams * 1000 for _, grams in parts]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_noise_makes_no_frame_and_no_heap(pieces: list[bytes]) -> None:
    stream = FrameStream()
    for piece in pieces:
        stream.feed(piece)
        assert len(stream._bytes) < FRAME_BYTES


class Wire:
    """Bytes that a module sends, piece by piece; an empty piece is half a second of silence."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    async def next_bytes(self, timeout_ms: int) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def counts(source: ModuleSource) -> int:
    return asyncio.run(source.next_counts())


def refusal(source: ModuleSource) -> str:
    with pytest.raises(Unavailable) as refused:
        counts(source)
    return refused.value.code


def test_the_source_gives_milligrams_and_the_modules_word_about_motion() -> None:
    source = ModuleSource(Wire(encode(520_000), encode(521_000, is_steady=False), encode(0, has_zero=False)))
    assert (counts(source), source.is_steady) == (520_000, True)
    assert (counts(source), source.is_steady) == (521_000, False)
    assert (counts(source), source.is_steady) == (0, False)


def test_silence_noise_and_half_frames_are_silence() -> None:
    assert refusal(ModuleSource(Wire())) == "module.silent"
    assert refusal(ModuleSource(Wire(encode(1000)[:9]))) == "module.silent"
    assert refusal(ModuleSource(Wire(*[b"\x02\x55" * 16] * (NOISE_BYTES // 32 + 1)))) == "module.silent"


def test_a_module_that_comes_back_is_heard() -> None:
    source = ModuleSource(Wire(encode(1000), b"", encode(2000)))
    assert counts(source) == 1000
    assert refusal(source) == "module.silent"
    assert counts(source) == 2000


def test_a_module_whose_setting_changes_is_not_believed_until_power_on() -> None:
    source = ModuleSource(Wire(encode(1000), changed(1, 0x2E), changed(1, 0x2E)))
    counts(source)
    assert [refusal(source), refusal(source)] == ["module.changed"] * 2


def test_out_of_range_is_overload_above_and_no_weight_below() -> None:
    over, below = encode(15_000_000, is_in_range=False), encode(-9000, is_in_range=False)
    assert counts(ModuleSource(Wire(over))) == OVER_RANGE_MG
    assert refusal(ModuleSource(Wire(below))) == "module.silent"


def test_the_module_document_names_every_field() -> None:
    described = module_frames.__doc__ or ""
    assert all(word in described for word in ("SWA", "SWB", "SWC", "weight", "tare", "checksum"))
