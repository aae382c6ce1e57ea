"""The register of carcasses: a ring that outlives the power, and is mended by the newest record."""

from pathlib import Path

import pytest
from rail import register
from rail.register import CAPACITY, CONDEMNED, GONE, HANGING, Register
from tracewire import record

BASE = "3502000010007"
LOT, LOT_NUMBER = "35082100010010000001", 4


def tag(number: int) -> str:
    return f"1350821{number:08d}"


def numbers(ring: Register, state: int, most: int = CAPACITY, lot: int | None = None) -> list[int]:
    return [entry.number for entry in ring.find(state, most, lot)]


def newest(kind: int, body: dict[str, object]) -> record.Record:
    return record.Record(kind, body, 9, bytes([1]) * 32, 0, (3, 0, 0))


@pytest.fixture
def ring(tmp_path: Path) -> Register:
    """A register with three carcasses, the second without a tag."""
    ring = Register(str(tmp_path))
    for number, digits in ((1, tag(1)), (2, None), (3, tag(3))):
        ring.add(digits, number, 90_000 + number, LOT_NUMBER)
    return ring


def test_a_tag_is_counted_as_often_as_it_hung(ring: Register) -> None:
    assert [ring.count(tag(number)) for number in (1, 2, 3)] == [1, 0, 1]
    ring.add(tag(1), 4, 90_000, LOT_NUMBER)
    assert ring.count(tag(1)) == 2


def test_everything_is_there_again_after_a_power_cut(ring: Register, tmp_path: Path) -> None:
    ring.change(ring.find(HANGING, 1), CONDEMNED)
    again = Register(str(tmp_path))
    assert (numbers(again, CONDEMNED), numbers(again, HANGING)) == ([1], [2, 3])
    assert again.count(tag(3)) == 1
    again.add(tag(4), 4, 90_000, 5)
    assert numbers(Register(str(tmp_path)), HANGING) == [2, 3, 4]


def test_carcasses_are_found_by_state_and_lot_oldest_first(ring: Register) -> None:
    ring.add(tag(4), 4, 90_000, 5)
    assert numbers(ring, HANGING, lot=LOT_NUMBER) == [1, 2, 3]
    assert numbers(ring, HANGING, most=2) == [1, 2]
    assert [entry.grams for entry in ring.find(HANGING, 9, 5)] == [90_000]


def test_a_full_ring_forgets_the_oldest(tmp_path: Path) -> None:
    ring = Register(str(tmp_path))
    for number in range(1, CAPACITY + 8):
        ring.add(tag(number), number, 90_000, LOT_NUMBER)
    again = Register(str(tmp_path))
    assert numbers(again, HANGING)[:2] == [8, 9]
    assert (again.count(tag(7)), again.count(tag(8))) == (0, 1)


def test_no_page_is_larger_than_what_littlefs_keeps_in_its_log(ring: Register, tmp_path: Path) -> None:
    for number in range(4, 20):
        ring.add(tag(number), number, 90_000, LOT_NUMBER)
    assert max(page.stat().st_size for page in (tmp_path / register.DIRECTORY).iterdir()) <= 128


@pytest.mark.parametrize("is_noted", [True, False])
def test_a_carcass_that_is_only_in_the_journal_is_noted_once(ring: Register, is_noted: bool) -> None:
    if is_noted:
        ring.add(tag(4), 4, 91_000, LOT_NUMBER)
    body = {"carcass": BASE + "0000004", "lot": LOT, "hot_grams": 91_000, "side": 0, "ear_tag": tag(4)}
    ring.recover(newest(record.CARCASS, body), {LOT: LOT_NUMBER}.get)
    assert numbers(ring, HANGING, lot=LOT_NUMBER) == [1, 2, 3, 4]
    assert ring.count(tag(4)) == 1


def test_a_condemned_carcass_that_is_only_in_the_journal_is_noted(ring: Register) -> None:
    body = {"lot": BASE + "0000002", "sample": "H2", "item": "宰后检验", "method": 0, "result": 2}
    ring.recover(newest(record.TEST, body), {}.get)
    assert (numbers(ring, CONDEMNED), numbers(ring, HANGING)) == ([2], [1, 3])


def test_a_movement_that_was_half_noted_is_noted_whole(ring: Register) -> None:
    ring.change(ring.find(HANGING, 1), GONE)
    body = {"movement": 1, "inputs": ((BASE + "0000001", 1), (BASE + "0000003", 1))}
    ring.recover(newest(record.MOVEMENT, body), {}.get)
    assert (numbers(ring, GONE), numbers(ring, HANGING)) == ([1, 3], [2])


def test_any_other_newest_record_changes_nothing(ring: Register) -> None:
    ring.recover(newest(record.HEALTH, {"uptime_s": 1}), {}.get)
    assert numbers(ring, HANGING) == [1, 2, 3]
