"""A console's own history: decisions survive whatever happens before they are delivered, and no number comes twice."""

import os
from pathlib import Path

import pytest
from tracewire import cbor, chain, cose, p256, record
from tracewire.errors import Misuse, Rejected, Unavailable

from cloud.recall.console import Console, Decision

RECALL = Decision("recall", "35020000100030000001", "抽检不合格", "wang.li")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "record.key").write_bytes(p256.new_secret(os.urandom))
    return tmp_path


def decide(directory: Path, decision: Decision = RECALL) -> int:
    """Decide as one command does: a process of its own, which ends."""
    return Console(directory).decide(decision)


def history(directory: Path) -> list[record.Record]:
    content, found, at = (directory / "history.cborseq").read_bytes(), [], 0
    while at < len(content):
        sealed, at = cbor.decode_item(content, at)
        assert isinstance(sealed, bytes)
        found.append(record.decode(cose.parse(sealed).payload))
    return found


def test_decisions_of_several_commands_are_one_chain(directory: Path) -> None:
    assert [decide(directory) for _ in range(3)] == [1, 2, 3]
    assert [each.seq for each in history(directory)] == [1, 2, 3]


def test_who_decided_is_in_no_record_but_can_be_shown(directory: Path) -> None:
    decide(directory)
    assert b"wang.li" not in (directory / "history.cborseq").read_bytes()
    commitment, salt, account = (directory / "accounts.csv").read_text().strip().split(",")
    assert chain.digest(bytes.fromhex(salt) + account.encode()) == bytes.fromhex(commitment)
    assert history(directory)[0].body["account"] == bytes.fromhex(commitment)
    assert (directory / "accounts.csv").stat().st_mode & 0o777 == 0o600


def test_one_that_is_asked_for_again_is_the_one_that_was_sealed(directory: Path) -> None:
    salt = os.urandom(16)
    assert Console(directory).decide(RECALL, salt) == 1
    assert decide(directory) == 2
    console = Console(directory)
    assert console.decide(RECALL, salt) == 1
    assert console.decide(RECALL, os.urandom(16)) == 3
    assert console.decide(RECALL, salt) == 1
    assert (directory / "accounts.csv").read_text().count("wang.li") == 1, "whoever brings a salt keeps it"


def test_a_decision_about_a_seller_names_the_seller(directory: Path) -> None:
    decide(directory, Decision("suspend", "", "three warnings", "wang.li", seller="3502000010101"))
    (statement,) = history(directory)
    assert (statement.body["subject"], "lot" in statement.body) == ("3502000010101", False)


@pytest.mark.parametrize("lost", [1, 60, 150])
def test_a_decision_half_written_is_taken_away_and_its_bytes_are_kept(directory: Path, lost: int) -> None:
    decide(directory)
    whole = (directory / "history.cborseq").read_bytes()
    decide(directory)
    torn = (directory / "history.cborseq").read_bytes()[:-lost]
    (directory / "history.cborseq").write_bytes(torn)
    assert decide(directory) == 2
    assert (directory / "history.torn").read_bytes() == torn[len(whole) :]
    assert [each.seq for each in history(directory)] == [1, 2]


def test_a_history_shorter_than_what_was_answered_for_is_not_gone_on_from(directory: Path) -> None:
    decide(directory)
    (directory / "settled").write_text("2")
    with pytest.raises(Misuse, match=r"console\.history"):
        decide(directory)


@pytest.mark.parametrize("at", [20, 100, -1])
def test_damage_in_the_middle_stops_the_console(directory: Path, at: int) -> None:
    decide(directory)
    first = bytearray((directory / "history.cborseq").read_bytes())
    decide(directory)
    rest = (directory / "history.cborseq").read_bytes()[len(first) :]
    first[at] ^= 1
    (directory / "history.cborseq").write_bytes(bytes(first) + rest)
    with pytest.raises(Misuse, match=r"console\.history"):
        decide(directory)


def test_two_at_once_wait_for_one_another(directory: Path) -> None:
    first = Console(directory)
    with pytest.raises(Unavailable, match=r"console\.busy"):
        Console(directory)
    assert first.decide(RECALL) == 1


def test_a_lot_that_is_no_code_is_refused_and_nothing_is_sealed(directory: Path) -> None:
    with pytest.raises(Rejected):
        decide(directory, Decision("recall", "no lot", "reason", "wang.li"))
    assert decide(directory) == 1


def test_a_folder_that_is_no_consoles_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"console\.absent"):
        Console(tmp_path)
