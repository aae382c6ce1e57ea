"""The issuing desk at a virtual reader: factory cards become ours, byte for byte as NXP's application note says."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from cards import ev2, ntag424
from cards.contents import Contents
from tracewire import cbor
from tracewire.errors import Misuse, Rejected, Unavailable

from provisioning import card_keys, card_setup, layout
from provisioning.card_desk import REISSUE_ABOVE, CardDesk, CardOrder, Seen
from provisioning.card_keys import Masters
from simulators.card_reader import VirtualReader, factory_card

UID, PLAIN_UID = b"\x04\xde\x5f\x1e\xac\xc0\x40", b"\x2b\x01\x02\x03"
PASSPHRASE = b"five cranes over the river"
LOT = "35020000100030000001"
STOCK = Contents("3502000010007", "批发七号", ((1, LOT),), (25_000,))
STALL = Contents("3502000010101", "A12", ((1, LOT),))
ADDRESS = "trace.example/c"


@pytest.fixture
def rings(authority: Path) -> list[Masters]:
    card_keys.renew(authority, PASSPHRASE)
    return card_keys.load(layout.existing(authority), PASSPHRASE)


@pytest.fixture
def reader() -> Iterator[VirtualReader]:
    """The chip of a virtual reader, used without its port."""
    yield VirtualReader()


def desk(authority: Path, rings: list[Masters], reader: VirtualReader) -> CardDesk:
    return CardDesk(layout.existing(authority), rings, reader.chip, wait_s=0.2)


def issue(authority: Path, rings: list[Masters], reader: VirtualReader, what: Contents, now: datetime) -> Seen:
    return asyncio.run(desk(authority, rings, reader).issue(CardOrder(what, ADDRESS), now))


def reissue(at: CardDesk, what: Contents | None, why: str, now: datetime) -> Seen:
    return asyncio.run(at.reissue(CardOrder(what, ADDRESS, why), now))


def says(seen: Seen, what: Contents) -> bool:
    return seen.said.contents.encode() == what.encode()


@pytest.mark.parametrize(("uid", "what"), [(UID, STOCK), (UID, STALL), (PLAIN_UID, STALL)])
def test_a_factory_card_is_issued_and_read(
    authority: Path, rings: list[Masters], reader: VirtualReader, now: datetime, uid: bytes, what: Contents
) -> None:
    reader.lay(factory_card(uid))
    assert says(issue(authority, rings, reader, what, now), what)
    seen = asyncio.run(desk(authority, rings, reader).read())
    assert says(seen, what) and seen.said.is_proved == (len(uid) == 7) and seen.said.generation == 1
    with pytest.raises(Misuse, match=r"card\.issued"):
        issue(authority, rings, reader, what, now)


def test_an_issued_card_lets_nobody_in_with_a_factory_key(
    authority: Path, rings: list[Masters], reader: VirtualReader, now: datetime
) -> None:
    reader.lay(factory_card(UID))
    issue(authority, rings, reader, STALL, now)
    chip = reader.chip.card
    assert bytes(16) not in chip.keys.values() and len(set(chip.keys.values())) == 5
    assert set(chip.versions) == {1}
    reader.lay(factory_card(PLAIN_UID))
    issue(authority, rings, reader, STALL, now)
    assert all(b"\xff" * 6 not in pair for pair in reader.chip.card.keys)


@pytest.mark.parametrize("uid", [UID, PLAIN_UID])
@pytest.mark.parametrize("moment", ["lost", "torn", "kept"])
def test_a_card_pulled_out_at_any_frame_is_finished_when_it_lies_there_again(
    authority: Path, rings: list[Masters], reader: VirtualReader, now: datetime, uid: bytes, moment: str
) -> None:
    for frames in range(1, 255, 1 if len(uid) == 7 else 9):  # a Classic's many frames are alike
        reader.lay(factory_card(uid[:-1] + bytes((frames,))))
        chip = reader.chip.card
        reader.chip.pull_after(frames, moment)
        try:
            issue(authority, rings, reader, STALL, now)
            break
        except Unavailable:
            reader.chip.pull_after(0)
            reader.chip.place(chip)
            seen = reissue(desk(authority, rings, reader), STALL, "pulled out", now)
            assert says(seen, STALL), frames
    assert 25 < frames < 240


def test_a_card_of_somebody_else_is_left_as_it_is(
    authority: Path, rings: list[Masters], reader: VirtualReader, now: datetime
) -> None:
    for uid in (UID, PLAIN_UID):
        card = factory_card(uid)
        if uid == UID:
            card.memory["keys"], card.memory["versions"] = ["77" * 16] * 5, [1] * 5
        else:
            card.memory["keys"], card.memory["access"] = [["77" * 6, "88" * 6]] * 16, ["787788"] * 16
        reader.lay(card)
        with pytest.raises(Rejected, match=r"card\.foreign"):
            issue(authority, rings, reader, STALL, now)
        after = reader.take().memory
        assert after["keys"] == card.memory["keys"]


def test_new_masters_reach_a_card_when_it_is_issued_again(
    authority: Path, rings: list[Masters], reader: VirtualReader, now: datetime
) -> None:
    for uid in (UID, PLAIN_UID):
        reader.lay(factory_card(uid))
        issue(authority, rings, reader, STALL, now)
        card_keys.renew(authority, PASSPHRASE)
        newer = card_keys.load(layout.existing(authority), PASSPHRASE)
        seen = asyncio.run(
            desk(authority, newer, reader).reissue(CardOrder(None, ADDRESS, "masters of last year"), now)
        )
        assert says(seen, STALL) and seen.said.generation == 2 + REISSUE_ABOVE
        newest_alone = newer[-1:]
        assert says(asyncio.run(desk(authority, newest_alone, reader).read()), STALL)
        rings = newer


def test_a_damaged_card_needs_to_be_told_what_it_holds(
    authority: Path, rings: list[Masters], reader: VirtualReader, now: datetime
) -> None:
    reader.lay(factory_card(UID))
    issue(authority, rings, reader, STALL, now)
    reader.chip.card.files[3][20] ^= 1
    reader.chip.card.files[2][148] ^= 1
    with pytest.raises(Misuse, match=r"card\.unreadable"):
        reissue(desk(authority, rings, reader), None, "chewed by a dog", now)
    with pytest.raises(Misuse, match=r"card\.reason"):
        reissue(desk(authority, rings, reader), STALL, " ", now)
    assert says(reissue(desk(authority, rings, reader), STALL, "chewed by a dog", now), STALL)


def test_without_a_card_the_desk_says_so(authority: Path, rings: list[Masters], reader: VirtualReader) -> None:
    with pytest.raises(Unavailable, match=r"card\.gone"):
        asyncio.run(desk(authority, rings, reader).read())


def test_masters_open_with_their_passphrase_only_and_no_device_gets_the_desks(
    authority: Path, rings: list[Masters]
) -> None:
    files = layout.existing(authority)
    with pytest.raises(Misuse, match=r"card_keys\.passphrase"):
        card_keys.load(files, b"guessed")
    one = rings[0]
    for secret in (one.read, one.meta, one.mac, one.seal, one.write, one.desk):
        assert secret not in files.card_keys.read_bytes()
        assert secret.hex() not in repr(one)
    terminal, scale = card_keys.device_file(rings, "terminal"), card_keys.device_file(rings, "scale")
    assert one.write in terminal and one.desk not in terminal
    assert one.read in scale and one.write not in scale and one.desk not in scale
    assert cbor.decode(scale) == [[1, one.read, one.meta, one.mac, one.seal, None]]


def test_spoilt_masters_are_refused(authority: Path, rings: list[Masters]) -> None:
    files = layout.existing(authority)
    sealed = files.card_keys.read_bytes()
    for spoilt in (sealed[:-1], sealed[:40], b"", cbor.encode([2, b"", b"", b""])):
        files.card_keys.write_bytes(spoilt)
        with pytest.raises(Misuse, match=r"card_keys\.broken"):
            card_keys.load(files, PASSPHRASE)


def test_a_change_of_keys_is_the_published_one() -> None:
    """AN12196 §5.16.1 and §5.16.2: key 2 changed under key 0, then key 0 itself."""
    session = ev2.Session(
        bytes.fromhex("4CF3CB41A22583A61E89B158D252FC53"),
        bytes.fromhex("5529860B2FC5FB6154B7F28361D30BF9"),
        bytes.fromhex("7614281A"),
        2,
    )
    new = bytes.fromhex("F3847D627727ED3BC9C4CC050489B966")
    request = session.wrap(card_setup.CHANGE_KEY, b"\x02", card_setup.key_data(2, new, bytes(16), 1))
    assert request.hex().upper() == (
        "90C4000029022CF362B7BF4311FF3BE1DAA295E8C68DE09050560D19B9E16C2393AE9CD1FAC75D0CE20BCD1D06E600"
    )
    assert session.unwrap(bytes.fromhex("203BB55D1089D587")) == b""
    new = bytes.fromhex("5004BF991F408672B1EF00F08F9E8647")
    request = session.wrap(card_setup.CHANGE_KEY, b"\x00", card_setup.key_data(0, new, bytes(16), 1))
    assert request.hex().upper() == (
        "90C400002900C0EB4DEEFEDDF0B513A03A95A75491818580503190D4D05053FF75668A01D6FDA6610234BDED643200"
    )


def test_a_change_of_settings_is_framed_as_published() -> None:
    """AN12196 §5.9; the settings themselves are ours."""
    session = ev2.Session(
        bytes.fromhex("1309C877509E5A215007FF0ED19CA564"),
        bytes.fromhex("4C6626F5E72EA694202139295C7A7FC7"),
        bytes.fromhex("9D00C4DF"),
        1,
    )
    published = bytes.fromhex("4000E0C1F121200000430000430000")
    request = session.wrap(card_setup.CHANGE_FILE_SETTINGS, bytes((ntag424.MESSAGE_FILE,)), published)
    assert request.hex().upper() == "905F0000190261B6D97903566E84C3AE5274467E89EAD799B7C1A0EF7A0400"
    assert session.unwrap(bytes.fromhex("57BFF87B1241E93D")) == b""
    ours = card_setup.message_settings(card_setup.message(ADDRESS))
    assert ours.hex() == "4320e2c1ff43" + "190000" + "3c0000" * 2


def test_the_commands_issue_a_card_through_a_serial_line(authority: Path, tmp_path: Path) -> None:
    """As a person types them, in a process of its own; the line is a socket, which pySerial opens as it opens a tty."""
    secret = tmp_path / "passphrase"
    secret.write_bytes(PASSPHRASE + b"\n")
    common = ["--ca", str(authority), "--passphrase-file", str(secret)]
    assert "version 1" in chengxin("card", "keys", *common)
    with VirtualReader() as reader:
        reader.lay(factory_card(UID))
        told = chengxin(
            "card", "issue", *common, "--reader", reader.address, "--seller", STOCK.seller, "--stall", STOCK.stall,
            "--wholesale", "--lot", f"1:{LOT}:25000",
        )  # fmt: skip
        assert told.startswith(f"Issued ntag424 {UID.hex()}: 3502000010007 批发七号 (generation 1)")
        assert f"1: {LOT} 25000 g" in chengxin("card", "read", *common, "--reader", reader.address)
        told = chengxin("card", "reissue", *common, "--reader", reader.address, "--reason", "a new stall")
        assert f"(generation {REISSUE_ABOVE + 2})" in told
        reader.take()
        lines = (authority / "private" / "cards.jsonl").read_text(encoding="utf-8")
        assert [json.loads(line)["why"] for line in lines.splitlines()] == ["first issue"] * 2 + ["a new stall"] * 2


def chengxin(*words: str) -> str:
    command = [str(Path(sys.executable).with_name("chengxin")), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_address_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(Misuse, match=r"card\.address"):
        card_setup.message("a" * 80 + ".example/c")
