"""Changes under the broken seal on littlefs, with the power cut at every program and every erase.

Run one test: ``micropython device_adjust.py test_name``; tests/firmware/test_lock.py runs them all.
"""

import sys

from device import config
from scale import adjust, identity
from tracewire import cbor, record, words
from tracewire.errors import Unavailable

import device_flash
from device_history import Board

ROOT = device_flash.ROOT
OLD = {
    1: "scale-0001",
    2: "127.0.0.1",
    3: 8883,
    4: "gateway-01",
    5: "3502000010007",
    6: "A12",
    7: b"A12",
    8: "http://127.0.0.1:8080/t/",
    9: [[1, b"\x04" + bytes(64)]],
    10: 15000,
    11: 100,
    12: 5,
    13: [84000, 420000],
    14: 524288,
}
PARAMETERS = {10: 6000, 11: 40, 12: 2, 13: [84012, 419900]}
NEW = {}
NEW.update(OLD)
NEW.update(PARAMETERS)
PLATE = ["P-1", "", "V-2025", "seal 7", ""]
REPAIRED = ["P-1", "R-9", "V-2026", "seal 8", ""]
CHANGE = cbor.encode({adjust.PARAMETERS: PARAMETERS, adjust.IDENTITY: REPAIRED})
CHANGES = 7
EVENTS = [words.number(words.AUDIT_EVENTS, event) for event in ("parameter_changed", "seal_changed")]


def enrolled():
    board = Board()
    board.boot()
    for name, content in ((config.FILE, OLD), (identity.IDENTITY_FILE, PLATE)):
        with open(ROOT + "/" + name, "wb") as file:
            file.write(cbor.encode(content))
    return board


def values():
    config.load(ROOT)
    with open(ROOT + "/" + config.FILE, "rb") as file:
        return cbor.decode(file.read())


def told(board):
    """What the records say was changed, oldest first."""
    audits = [one.body for one in board.check_chain() if one.kind == record.AUDIT]
    return [body["detail"] for body in audits if body["event"] in EVENTS]


def test_a_power_cut_at_any_operation_leaves_old_or_new_and_nothing_new_without_its_record():
    step = cuts = kept_old = 0
    while True:
        step += 1
        board = enrolled()
        history = board.boot()
        board.flash.cut_after(step)
        is_done = True
        try:
            assert adjust.apply(ROOT, CHANGE, True, history) == CHANGES
        except Unavailable:
            is_done = False
        if board.flash.is_powered:
            break
        cuts += 1
        history = board.boot()
        found, plate = values(), identity.texts(ROOT)
        assert found in (OLD, NEW) and plate in (PLATE, REPAIRED), (step, found, plate)
        assert (found == NEW and plate == REPAIRED) or not is_done, step
        assert found == NEW or plate == PLATE, step  # one after the other
        assert found == OLD or len(told(board)) == CHANGES, step
        kept_old += found == OLD
        left = adjust.apply(ROOT, CHANGE, True, history)  # the bench does it again
        assert left == (4 if found == OLD else 0) + (3 if plate == PLATE else 0), step
        assert values() == NEW and identity.texts(ROOT) == REPAIRED, step
        counters = [one.body["event_counter"] for one in board.check_chain() if one.kind == record.AUDIT]
        assert counters == list(range(1, len(counters) + 1)), (step, counters)
    assert cuts >= 20 and 0 < kept_old < cuts, (cuts, kept_old)
    assert len(told(board)) == CHANGES


def test_a_flash_that_takes_no_record_takes_no_change_either():
    board = enrolled()
    history = board.boot()
    board.flash.is_read_only = True
    try:
        adjust.apply(ROOT, CHANGE, True, history)
        raise AssertionError
    except Unavailable:
        pass
    board.flash.is_read_only = False
    board.boot()
    assert values() == OLD and identity.texts(ROOT) == PLATE and told(board) == []


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    device_flash.unmount()
