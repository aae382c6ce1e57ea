"""Whatever a card, the air or the serial line says, only Rejected and Unavailable come out, and never other goods."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from cards import contents, copies, ev2, iso14443, keyring, sun
from cards.card import Card
from cards.contents import Contents
from cards.counters import Counters
from cards.keyring import CardKeys, Keyring
from cards.mifare_classic import MifareClassic
from cards.ntag424 import Ntag424
from cards.pn532 import Pn532
from hypothesis import given, settings
from hypothesis import strategies as st
from tracewire import cbor
from tracewire.errors import Misuse, Rejected, Unavailable

from tests.examples import examples

KEYS = CardKeys(1, b"r" * 16, b"m" * 16, b"c" * 16, b"s" * 16, b"w" * 16)
KEYRING = Keyring([KEYS])
UID = b"\x04\xde\x5f\x1e\xac\xc0\x40"
LOT = "35020000200010000003"
OLD = Contents("3502000010007", "三号摊", ((1, LOT),), (900,)).encode()
NEW = Contents("3502000010007", "三号摊", ((1, LOT),), (100,)).encode()
OCTETS = st.binary(max_size=200)
ANY_CBOR = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.binary(max_size=20) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.integers(0, 23), inner, max_size=5),
    max_leaves=12,
)


def outcome(call: Coroutine[Any, Any, Any]) -> str | None:
    """Run ``call``; the code it was refused with, ``None`` when it was not. Any other exception is a finding."""
    try:
        asyncio.run(call)
    except (Rejected, Unavailable) as error:
        return error.code
    return None


@given(OCTETS)
def test_announced_cards(answer: bytes) -> None:
    try:
        target = iso14443.parse_target(answer)
        assert target is None or len(target.uid) in (4, 7)
        iso14443.split_status(answer)
    except Rejected as refusal:
        assert refusal.code == "card.foreign"


@given(OCTETS | st.binary(max_size=40).map(lambda noise: b"e=" + noise + b"c=" + noise))
def test_messages_of_taps(message: bytes) -> None:
    with pytest.raises(Rejected, match=r"card\.foreign"):
        sun.verify(message, KEYS)


@given(st.text("0123456789ABCDEF", min_size=32, max_size=32), st.text("0123456789abcdef", min_size=16, max_size=16))
def test_well_formed_messages_of_taps_that_nobody_signed(number: str, tag: str) -> None:
    with pytest.raises(Rejected, match=r"card\.foreign"):
        sun.verify(f"x?e={number}&c={tag}".encode(), KEYS)


@given(OCTETS, OCTETS, OCTETS)
def test_handshakes_and_answers(theirs: bytes, proof: bytes, answer: bytes) -> None:
    handshake = ev2.Handshake(bytes(16), bytes(16))
    with pytest.raises(Rejected, match=r"card\.foreign"):
        handshake.finish(proof) if handshake.answer(theirs) else None
    with pytest.raises(Rejected, match=r"card\.foreign"):
        ev2.Session(bytes(16), bytes(16), bytes(4)).unwrap(answer)


@given(OCTETS | ANY_CBOR.map(cbor.encode))
def test_contents(data: bytes) -> None:
    try:
        assert contents.decode(data).encode() == data
    except Rejected as refusal:
        assert refusal.code == "card.contents"


@given(OCTETS | ANY_CBOR.map(cbor.encode).map(lambda copy: len(copy).to_bytes(2, "big") + copy))
def test_slots(slot: bytes) -> None:
    try:
        assert copies.open_slot(slot, UID, KEYRING) is None
    except Rejected as refusal:
        assert refusal.code in {"card.damaged", "card.foreign"}


@given(st.integers(0, 200), st.booleans(), st.integers(0, 7))
def test_a_write_torn_at_any_byte_leaves_old_or_new(cut: int, is_undefined_at_the_tear: bool, bit: int) -> None:
    older, old, new = (
        copies.seal(generation, what, UID, KEYS).slot.ljust(128, b"\0")
        for generation, what in ((6, NEW), (7, OLD), (8, NEW))
    )
    torn = bytearray(new[:cut] + older[cut:])
    if is_undefined_at_the_tear and cut < 128:
        torn[cut] ^= 1 << bit
    number, copy, _ = copies.newest([old, bytes(torn)], UID, KEYRING)
    assert copy is not None
    assert (number, copy.generation, copy.contents) in ((0, 7, OLD), (1, 8, NEW))


@given(st.integers(0, 8 * 80 - 1))
def test_a_copy_with_one_bit_changed_is_refused(bit: int) -> None:
    copy = copies.seal(7, OLD, UID, KEYS).slot
    slot = bytearray(copy.ljust(128, b"\0"))
    slot[bit // 8 % len(copy)] ^= 1 << bit % 8
    with pytest.raises(Rejected):
        copies.open_slot(bytes(slot), UID, KEYRING)


class HostileLine:
    """A serial line that says ``said`` whatever it is told, and then nothing more."""

    def __init__(self, said: bytes) -> None:
        self._said = said

    async def write(self, octets: bytes) -> None:
        """Not listened to."""

    async def read(self, count: int) -> bytes:
        octets, self._said = self._said[:count], self._said[count:]
        if len(octets) < count:
            raise Unavailable("reader.silent")
        return octets


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b"\0\0\xff", b"\0\xff", b"\xd5\x4b", b"\x02\xfe", b"\xff"])).map(b"".join)
)
def test_serial_lines(said: bytes) -> None:
    assert outcome(Pn532(HostileLine(said)).find()) in {None, "reader.silent", "reader.garbled", "card.foreign"}
    assert outcome(Pn532(HostileLine(said)).exchange(b"\x30\x04")) in {
        None, "reader.silent", "reader.garbled", "card.foreign", "card.gone",
    }  # fmt: skip


class HostileReader:
    """A reader chip over a card that answers with ``answers`` in turn."""

    def __init__(self, answers: list[bytes]) -> None:
        self._answers = answers

    async def exchange(self, request: bytes) -> bytes:
        if not self._answers:
            raise Unavailable("card.gone")
        return self._answers.pop(0)

    async def find(self) -> None:
        return None


NATIVE_ANSWER = st.tuples(OCTETS, st.sampled_from([b"\x91\x00", b"\x91\xaf", b"\x91\xae", b"\x90\x00"])).map(b"".join)


@settings(max_examples=examples(60))
@given(st.lists(st.sampled_from([b"\x90\x00", b"\x01\x91\x00"]) | NATIVE_ANSWER | OCTETS, max_size=9))
def test_chips_that_take_commands(tmp_path_factory: pytest.TempPathFactory, answers: list[bytes]) -> None:
    reader = HostileReader(answers)
    counters = Counters(str(tmp_path_factory.getbasetemp()))
    card = Card(UID, iso14443.NTAG424, Ntag424(reader, UID, KEYRING, bytes), KEYRING, counters)
    assert outcome(card.read()) in {"card.foreign", "card.gone"}


@settings(max_examples=examples(60))
@given(
    st.lists(
        st.sampled_from([b"", bytes(16), b"\x00\x30" + bytes(14)]) | st.binary(min_size=16, max_size=16), max_size=60
    )
)
def test_cards_of_blocks(tmp_path_factory: pytest.TempPathFactory, answers: list[bytes]) -> None:
    reader = HostileReader(answers)
    counters = Counters(str(tmp_path_factory.getbasetemp()))
    card = Card(UID[:4], iso14443.MIFARE_CLASSIC, MifareClassic(reader, UID[:4], KEYRING), KEYRING, counters)
    assert outcome(card.read()) in {"card.foreign", "card.gone", "card.damaged", "card.blank"}


@given(OCTETS)
def test_a_counter_file_of_anything_else_is_begun_anew(tmp_path_factory: pytest.TempPathFactory, stored: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "card_counters.bin").write_bytes(stored)
    counters = Counters(str(folder))
    assert counters.started_anew
    assert not counters.knows(UID)
    counters.keep(UID, 3, b"tag-", 9)
    assert Counters(str(folder)).generation(UID) == 3
    (folder / "card_counters.bin").unlink()


def test_the_counters_are_bounded_and_forget_the_first_first(tmp_path: Path) -> None:
    counters = Counters(str(tmp_path), capacity=3)
    uids = [bytes((number, 1, 2, 3)) for number in range(5)]
    for uid in uids:
        counters.keep(uid, 1, b"tag-", 0)
    again = Counters(str(tmp_path), capacity=3)
    assert [again.knows(uid) for uid in uids] == [False, False, True, True, True]
    again.keep(uids[0], 1, b"tag-", 0)
    assert [again.knows(uid) for uid in uids] == [True, False, False, True, True]


@settings(deadline=None)  # a busy disk is no finding
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 2**32 - 1), st.integers(0, 2**24 - 1)), max_size=12))
def test_the_counters_know_after_a_reboot_what_they_were_told(
    tmp_path_factory: pytest.TempPathFactory, told: list[tuple[int, int, int]]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "card_counters.bin").unlink(missing_ok=True)
    counters = Counters(str(folder))
    known = {}
    for number, generation, taps in told:
        uid = bytes((number,)) * 7
        counters.keep(uid, generation, b"abcd", taps)
        known[uid] = generation, taps
    again = Counters(str(folder))
    for uid, (generation, taps) in known.items():
        assert again.generation(uid) == generation
        with pytest.raises(Rejected, match=r"card\.copied"):
            again.check_taps(uid, taps)
        again.check_taps(uid, taps + 1)
        again.check_generation(uid, generation, b"abcdefgh")
        with pytest.raises(Rejected, match=r"card\.copied"):
            again.check_generation(uid, generation, b"abcx")
    (folder / "card_counters.bin").unlink(missing_ok=True)


ROW = [1, b"r" * 16, b"m" * 16, b"c" * 16, b"s" * 16, None]


def test_card_keys_are_read_from_flash(tmp_path: Path) -> None:
    newer = [2, b"R" * 16, b"M" * 16, b"C" * 16, b"S" * 16, b"W" * 16]
    (tmp_path / keyring.FILE).write_bytes(cbor.encode([ROW, newer]))
    read = keyring.load(str(tmp_path))
    assert (read.newest.version, read.newest.may_write, read.find(1).may_write) == (2, True, False)


@pytest.mark.parametrize(
    "broken",
    [None, 5, [], [[]], [ROW[:5]], [[0, *ROW[1:]]], [[True, *ROW[1:]]], [[1, None, *ROW[2:]]], [[*ROW[:5], b"k"]]],
)
def test_a_broken_key_file_stops_the_device(tmp_path: Path, broken: object) -> None:
    (tmp_path / keyring.FILE).write_bytes(cbor.encode(broken))
    with pytest.raises(Misuse, match=r"card_keys\.broken"):
        keyring.load(str(tmp_path))


def test_a_device_without_card_keys_says_so(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"card_keys\.absent"):
        keyring.load(str(tmp_path))
