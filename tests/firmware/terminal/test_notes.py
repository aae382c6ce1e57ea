"""Notes of cards under the real interpreter and its own littlefs: no power cut loses one, and what they cost."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from terminal.noted_counters import NotedCounters
from terminal.notes import Notes
from tracewire.errors import Rejected

from tests.interpreters import ROOT, run_micropython

SCRIPTS = ("tests/micropython/device_notes.py", "tests/micropython/device_older_notes.py")
SEARCH_PATH = "simulators/board:firmware/lib:firmware/app:tests/micropython:.frozen"
UID = b"\x04\x01\x02\x03\x04\x05\x06"
TESTS = [
    (one, name) for one in SCRIPTS for name in re.findall(r"^def (test_\w+)", (ROOT / one).read_text(), re.MULTILINE)
]


@pytest.mark.parametrize(("script", "name"), TESTS)
def test_on_littlefs(script: str, name: str) -> None:
    done = run_micropython(script, name, search_path=SEARCH_PATH, heap="8M")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_deal_with_all_its_notes_costs_less_than_a_fifth_of_a_block_erase_per_record() -> None:
    """In a busy night; when a minute and more passes between deals, what was settled has a commit of its own."""
    done = run_micropython("tests/micropython/deal_wear.py", search_path=SEARCH_PATH, heap="8M")
    assert done.returncode == 0, done.stdout + done.stderr
    busy, quiet = [re.findall(rf"^{word} than.*: ([0-9.]+) erases", done.stdout, re.M) for word in ("less", "more")]
    assert len(busy) == len(quiet) == 2
    assert max(map(float, busy)) <= 0.2, done.stdout
    assert max(map(float, quiet)) <= 0.23, done.stdout


def told(notes: Notes, *cards: tuple[bytes, int, int], capacity: int = 200) -> NotedCounters:
    """A table that was told of cards (number, generation, taps), each of them on flash."""
    counters = NotedCounters(notes, capacity)
    for uid, generation, taps in cards:
        counters.keep(uid, generation, b"tag-", taps)
        notes.flush()
    return counters


@given(st.binary(min_size=1, max_size=60))
def test_a_file_of_notes_of_anything_else_is_begun_anew(
    tmp_path_factory: pytest.TempPathFactory, stored: bytes
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "notes").mkdir()
    (folder / "notes" / "96").write_bytes(stored)
    notes = Notes(str(folder))
    assert notes.is_damaged
    assert not told(notes, (UID[:4], 3, 9)).knows(UID)
    assert NotedCounters(Notes(str(folder))).generation(UID[:4]) == 3


@pytest.mark.parametrize("taps", [6, 9, 41])
def test_a_damaged_base_costs_what_it_said_and_not_the_notes_since_then(tmp_path: Path, taps: int) -> None:
    told(Notes(str(tmp_path), slots=4), *[(bytes((number, 1, 2, 3)), number, 0) for number in range(1, taps + 1)])
    base = tmp_path / "notes" / "04"
    base.write_bytes(base.read_bytes()[:-1] + b"?")
    notes = Notes(str(tmp_path), slots=4)
    assert notes.is_damaged
    assert told(notes, (UID, 3, 9)).generation(bytes((taps, 1, 2, 3))) == taps
    notes = Notes(str(tmp_path), slots=4)
    assert not notes.is_damaged
    assert NotedCounters(notes).generation(UID) == 3


def test_the_table_is_bounded_and_forgets_the_first_first(tmp_path: Path) -> None:
    uids = [bytes((number, 1, 2, 3)) for number in range(5)]
    told(Notes(str(tmp_path), slots=4), *[(uid, 1, 0) for uid in uids], capacity=3)
    notes = Notes(str(tmp_path), slots=4)
    again = NotedCounters(notes, capacity=3)
    assert [again.knows(uid) for uid in uids] == [False, False, True, True, True]
    again.keep(uids[0], 1, b"tag-", 0)
    notes.flush()
    again = NotedCounters(Notes(str(tmp_path), slots=4), capacity=3)
    assert [again.knows(uid) for uid in uids] == [True, False, False, True, True]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 99), st.integers(0, 99)), max_size=30))
def test_the_table_knows_after_a_reboot_what_it_was_told(
    tmp_path_factory: pytest.TempPathFactory, cards: list[tuple[int, int, int]]
) -> None:
    folder = str(tmp_path_factory.mktemp("told"))
    told(Notes(folder, slots=4), *[(bytes((number,)) * 7, generation, taps) for number, generation, taps in cards])
    again = NotedCounters(Notes(folder, slots=4))
    for number, (generation, taps) in {number: rest for number, *rest in cards}.items():
        uid = bytes((number,)) * 7
        assert again.generation(uid) == generation
        with pytest.raises(Rejected, match=r"card\.copied"):
            again.check_taps(uid, taps)
