"""The lock and the event counter on littlefs, with the power cut at every step.

Run one test: ``micropython device_lock.py test_name``; tests/firmware/test_lock.py runs them all.
"""

import sys

from device import lock
from device.lock import Lock
from tracewire import cbor
from tracewire.errors import Misuse, Rejected, Unavailable
from tracewire.unlock import response_to

import device_flash
from device_history import Board

NAME = "scale-0001"
SECRET = bytes(range(32))
ROOT = device_flash.ROOT


class Draws:
    """Entropy that never repeats."""

    def __init__(self):
        self.count = 0

    def __call__(self, size):
        self.count += 1
        return self.count.to_bytes(size, "big")


draws = Draws()


def fresh_flash():
    flash = device_flash.CuttingFlash(32)
    device_flash.mounted(flash, create=True)
    write("unlock.key", SECRET)
    return flash


def write(name, content):
    with open(ROOT + "/" + name, "wb") as file:
        file.write(content)


def started(flash):
    flash.power_on()
    device_flash.mounted(flash)
    return Lock(ROOT, NAME, draws)


def right(one):
    return response_to(SECRET, NAME, one.challenge)


def wrong(one):
    return "%08d" % ((int(right(one)) + 1) % 10**8)


def code_of(call, *arguments):
    try:
        call(*arguments)
    except (Rejected, Unavailable, Misuse) as error:
        return error.code
    return None


def test_a_lock_survives_power_loss_until_the_right_answer():
    flash = fresh_flash()
    assert not started(flash).is_locked
    started(flash).latch(7)
    one = started(flash)
    assert one.is_locked and not one.is_reported and one.event == 7
    one.reported()
    one = started(flash)
    assert one.is_locked and one.is_reported
    one.check(right(one))
    assert started(flash).is_locked  # not released yet
    one.release()
    assert not started(flash).is_locked


def test_an_answer_opens_one_lock_once():
    flash = fresh_flash()
    one = started(flash)
    one.latch(1)
    first, answer = one.challenge, right(one)
    one.check(answer)
    one.release()
    one.latch(1)
    assert one.challenge != first
    assert code_of(one.check, answer) == "lock.wrong"
    assert one.is_locked and started(flash).is_locked


def test_a_wrong_answer_is_counted_and_the_waits_grow_through_power_cuts():
    flash = fresh_flash()
    started(flash).latch(1)
    waits = []
    for _ in range(12):
        one = started(flash)  # the plug is pulled after each
        waits.append(one.wait_s)
        assert code_of(one.check, wrong(one)) in ("lock.wrong", "lock.renewed")
    assert waits == sorted(waits) and waits[0] == 0 and waits[-1] == lock.WAITS_S[-1]
    one = started(flash)
    one.check(right(one))
    one.release()
    one.latch(2)
    assert one.wait_s == 0


def test_a_challenge_hears_five_answers_and_then_another_is_drawn():
    one = started(fresh_flash())
    one.latch(1)
    challenges = []
    for _ in range(11):
        challenges.append(one.challenge)
        one_code = code_of(one.check, wrong(one))
        assert (one_code == "lock.renewed") == (len(challenges) % lock.WRONG_ANSWERS == 0)
    assert len(set(challenges)) == 3
    old = response_to(SECRET, NAME, challenges[0])
    assert code_of(one.check, old) == "lock.wrong"


def test_answers_of_another_length_are_wrong_answers():
    one = started(fresh_flash())
    one.latch(1)
    for answer in ("", "1", right(one) + "0", right(one)[:-1]):
        assert code_of(one.check, answer) == "lock.wrong"


def test_a_device_without_a_secret_does_not_start():
    flash = device_flash.CuttingFlash(32)
    device_flash.mounted(flash, create=True)
    assert code_of(started, flash) == "lock.secret"
    write("unlock.key", SECRET[:31])
    assert code_of(started, flash) == "lock.secret"


def test_a_state_that_cannot_be_read_means_locked():
    for content in (b"", b"\x00", cbor.encode([False]), cbor.encode({1: False}), b"\xff" * 40):
        flash = fresh_flash()
        write("lock.state", content)
        one = started(flash)
        assert one.is_locked and started(flash).is_locked
        one.check(right(one))
        one.release()
        assert not started(flash).is_locked


def test_a_power_cut_at_any_step_errs_toward_locked():
    """Lock, report, wrong answer, right answer, release: at each step the power fails, and one of two is found."""
    step = cuts = 0
    while True:
        step += 1
        flash = fresh_flash()
        one = started(flash)
        flash.cut_after(step)
        done = life(one)
        if flash.is_powered:
            break
        cuts += 1
        found = started(flash)
        assert found.is_locked == (0 < done < 5) or done in (0, 4), (step, done)
        assert found.tries >= min(max(done - 2, 0), 1) or not found.is_locked, (step, done)
        if found.is_locked:
            found.check(right(found))
            found.release()
        assert not started(flash).is_locked
    assert cuts >= 6, cuts


def life(one):
    """Return how many steps were acknowledged: 1 locked, 2 reported, 3 a wrong answer, 4 the right one, 5 open."""
    done = 0
    try:
        one.latch(3)
        done = 1
        one.reported()
        done = 2
        assert code_of(one.check, wrong(one)) == "lock.wrong"
        done = 3
        one.check(right(one))
        done = 4
        one.release()
        done = 5
    except (Unavailable, AssertionError):
        pass
    return done


def test_an_answer_that_cannot_be_counted_is_not_heard():
    flash = fresh_flash()
    one = started(flash)
    one.latch(1)
    answer = right(one)
    flash.cut_after(1)
    assert code_of(one.check, answer) == "lock.flash"
    assert one.is_locked and started(flash).is_locked


def test_the_event_counter_counts_a_whole_life():
    board = Board()
    for boots in range(1, 5):
        history = board.boot()
        assert history.event_counter == (boots - 1) * 2
        history.audit("case_opened", "test")
        history.audit("locked", "test")
        for _ in range(20):  # more than the newest record lies between two events
            history.write([(3, {"gross_grams": 5, "tare_grams": 0, "tare_mode": 0, "net_grams": 5, "e_grams": 5})])
    counters = [one.body["event_counter"] for one in board.check_chain() if one.kind == 14]
    assert counters == list(range(1, 9))


def test_the_event_counter_repeats_no_number_at_any_power_cut():
    step = cuts = 0
    while True:
        step += 1
        board = Board()
        history = board.boot()
        board.flash.cut_after(step)
        done = audits(history, 3)
        if board.flash.is_powered:
            break
        cuts += 1
        history = board.boot()
        assert history.event_counter >= done, (step, done)
        audits(history, 2)
        board.boot()
        counters = [one.body["event_counter"] for one in board.check_chain() if one.kind == 14]
        assert counters == list(range(1, len(counters) + 1)), (step, counters)
    assert cuts >= 10, cuts


def audits(history, count):
    done = 0
    try:
        for _ in range(count):
            history.audit("case_opened", "test")
            done += 1
    except Unavailable:
        pass
    return done


def test_a_counter_file_that_failed_is_written_before_anything_hides_the_record():
    board = Board()
    history = board.boot()
    board.flash.cut_after(0)
    history.audit("case_opened", "one")
    operations = board.flash.operations
    for cut in range(1, operations + 1):
        board = Board()
        history = board.boot()
        board.flash.cut_after(cut)
        if code_of(history.audit, "case_opened", "one") is None:
            continue
        board.flash.power_on()  # the flash recovers, the program never noticed
        device_flash.mounted(board.flash)
        weighing = {"gross_grams": 5, "tare_grams": 0, "tare_mode": 0, "net_grams": 5, "e_grams": 5}
        code_of(history.write, [(3, weighing)])
        history = board.boot()
        history.audit("case_opened", "two")
        counters = [one.body["event_counter"] for one in board.check_chain() if one.kind == 14]
        assert counters == sorted(set(counters)), (cut, counters)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    device_flash.unmount()
