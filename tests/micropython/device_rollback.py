"""An old copy of the flash put back: found out by the mark beside the flash, at any power cut, and never signed over.

Run one test: ``micropython device_rollback.py test_name``; tests/firmware/test_rollback.py runs them all.
"""

import sys

from device import mark
from device.history import History
from device.journal import Journal
from device.keystore import KeyStore
from hal import entropy
from tracewire import record

import device_flash
from device_history import BOOT, PATH, SECRET, WEIGHING, Board, code_of


class CountingKey(KeyStore):
    signatures = 0

    def sign(self, message):
        self.signatures += 1
        return super().sign(message)


def write(history, count):
    for _ in range(count):
        history.write([(record.WEIGHING, WEIGHING)])


def copy_of(board):
    return bytes(board.flash.memory)


def restored(board, image):
    board.flash.memory[:] = image
    return board.boot()


def test_a_copy_taken_while_the_power_was_off_is_found_out_at_once():
    for records_between in (0, 1, 5, 70):
        board = Board()
        write(board.boot(), 3)
        image = copy_of(board)
        write(board.boot(), records_between)
        history = restored(board, image)
        assert board.journal.state == "set_back"
        assert code_of(history.write, [(record.WEIGHING, WEIGHING)]) == "journal.set_back"
        assert code_of(history.audit, "rollback_detected", "test") == "journal.set_back"
        assert board.journal.next_seq == 5 and copy_of(board) == image


def test_not_even_what_is_then_refused_is_signed():
    board = Board()
    image = copy_of(board)
    write(board.boot(), 3)
    restored(board, image)
    key = CountingKey(device_flash.ROOT, entropy.read)
    history = History(Journal(PATH, board.capacity), key, board.clock, BOOT, mark.Mark(board.nvram, key.kid))
    history.start()
    assert code_of(history.write, [(record.WEIGHING, WEIGHING)]) == "journal.set_back"
    assert code_of(history.audit, "rollback_detected", "test") == "journal.set_back"
    assert key.signatures == 0


def test_it_stays_found_out_through_power_cuts_and_when_the_newest_image_comes_back():
    board = Board()
    board.boot()
    image = copy_of(board)
    write(board.boot(), 3)
    newest = copy_of(board)
    for content in (image, image, newest):
        restored(board, content)
        assert board.journal.is_set_back


def test_a_copy_of_the_running_flash_is_found_out_when_enough_was_sealed_since():
    board = Board()
    history = board.boot()
    write(history, 2)
    image = copy_of(board)
    write(history, mark.EVERY)
    restored(board, image)
    assert board.journal.is_set_back


def test_no_power_cut_is_taken_for_a_rollback():
    step = cuts = 0
    while True:
        step += 1
        board = Board()
        write(board.boot(), 2)
        board.flash.cut_after(step)
        code_of(start_and_write, board)
        if board.flash.is_powered:
            break
        cuts += 1
        write(board.boot(), 1)
        assert not board.journal.is_set_back, step
    assert cuts >= 10, cuts


def start_and_write(board):
    write(board.started(), 4)


def test_damage_at_the_end_is_not_taken_for_a_rollback():
    board = Board()
    write(board.boot(), 3)
    name = device_flash.ROOT + "/journal/tail03"
    with open(name, "rb") as stream:
        content = bytearray(stream.read())
    content[60] ^= 1
    with open(name, "wb") as stream:
        stream.write(content)
    board.boot()
    assert board.journal.damaged == 1 and not board.journal.is_set_back


def test_the_mark_is_written_seldom():
    board = Board(capacity=128 * 1024)
    for _ in range(3):
        write(board.boot(), 200)
    assert board.nvram.writes <= 3 + 600 // mark.EVERY


def test_a_mark_that_cannot_be_written_stops_before_the_record():
    board = Board()
    history = board.boot()
    write(history, mark.EVERY - 1)
    board.nvram.is_broken = True
    write(history, 1)  # on flash, and the mark is due
    before = board.journal.next_seq
    assert code_of(history.write, [(record.WEIGHING, WEIGHING)]) == "mark.nvram"
    assert board.journal.next_seq == before
    board.nvram.is_broken = False
    write(history, 1)


def test_a_mark_that_nobody_of_us_wrote_means_set_back():
    board = Board()
    board.boot()
    for content in (b"\x00", b"\xff" * 30, b"\x83\x01"):
        board.nvram.content = content
        board.boot()
        assert board.journal.is_set_back, content


def test_the_next_key_of_the_board_begins_with_what_happened():
    board = Board()
    board.boot()
    image = copy_of(board)
    write(board.boot(), 7)
    restored(board, image)
    old_kid, secret = board.key.kid, bytes(reversed(SECRET))
    nvram = board.nvram
    board = Board(secret=secret)  # erased, and enrolled anew
    board.nvram = nvram
    board.boot()
    first, second = board.check_chain()
    assert (first.kind, second.kind) == (record.BOOT, record.AUDIT)
    assert second.body["event_counter"] == 1
    assert "".join(["%02x" % octet for octet in old_kid]) in second.body["detail"] and "9" in second.body["detail"]
    board.boot()
    assert [one.kind for one in board.check_chain()] == [record.BOOT, record.AUDIT, record.BOOT]


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    device_flash.unmount()
