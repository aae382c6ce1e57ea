"""The journal on MicroPython's own littlefs: power cuts at every step, damage, full flash, kill -9.

Run one test: ``micropython device_journal.py test_name``; tests/firmware/test_journal.py runs them all.
"""

import os
import sys
from hashlib import sha256

from device import frames, journal
from device.journal import Journal
from device.mark import Mark
from tracewire.errors import Misuse, Rejected, Unavailable

import device_flash

PATH = device_flash.ROOT + "/journal"
CAPACITY = 64 * 1024
NVRAM = {}  # of each board, by its flash


def sealed(seq, size=0):
    """Stand-in for sealed bytes: the journal looks at none of them."""
    return (b"record %08d " % seq * 32)[: size or 150 + seq * 37 % 90]


def digest(seq):
    return sha256(sealed(seq)).digest()


def fresh_journal(blocks=64, capacity=CAPACITY):
    flash = device_flash.CuttingFlash(blocks)
    device_flash.mounted(flash, create=True)
    journal.create(PATH)
    return flash, guarded(flash, capacity)


def rebooted(flash, capacity=CAPACITY):
    flash.power_on()
    device_flash.mounted(flash)
    return guarded(flash, capacity)


def guarded(flash, capacity):
    """A journal with the mark of its board; a board that is new to the test has none yet."""
    book = Journal(PATH, capacity)
    book.guard(Mark(NVRAM.setdefault(id(flash), device_flash.Nvram()), b"a key id"))
    return book


def fill(book, count):
    for _ in range(count):
        book.append([sealed(book.next_seq)])


def refusal(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except (Rejected, Unavailable, Misuse) as error:
        return error.code
    return None


def test_records_come_back_in_order_after_a_reboot():
    flash, book = fresh_journal()
    fill(book, 50)
    book = rebooted(flash)
    assert book.next_seq == 51 and book.oldest_seq == 1 and book.damaged == 0
    for seq in range(1, 51):
        assert book.read(seq) == sealed(seq), seq
    assert book.read(51) is None and book.read(0) is None


def test_several_records_cost_one_commit():
    flash, book = fresh_journal()
    flash.cut_after(0)
    book.append([sealed(1), sealed(2)])
    together = flash.operations
    flash.cut_after(0)
    book.append([sealed(3)])
    book.append([sealed(4)])
    assert together < flash.operations
    assert [book.read(seq) for seq in (1, 2, 3, 4)] == [sealed(seq) for seq in (1, 2, 3, 4)]


def test_a_missing_journal_is_not_made_by_itself():
    flash = device_flash.CuttingFlash(16)
    device_flash.mounted(flash, create=True)
    assert refusal(Journal, PATH, CAPACITY) == "journal.absent"
    journal.create(PATH)
    assert refusal(journal.create, PATH) == "journal.exists"


def test_a_power_cut_at_any_step_loses_nothing_that_was_acknowledged():
    flash, book = fresh_journal()
    fill(book, 14)  # the workload then crosses a gathering, a release and a deletion
    image = bytes(flash.memory)
    step = cuts = 0
    while True:
        step += 1
        flash.memory[:] = image
        NVRAM.clear()
        book = rebooted(flash)
        flash.cut_after(step)
        acknowledged, attempted = work_until_the_cut(book)
        if flash.is_powered:
            break
        cuts += 1
        check_after_cut(flash, acknowledged, attempted, step)
    assert cuts > 200, cuts


def work_until_the_cut(book):
    """Return (last acknowledged seq, last attempted seq)."""
    attempted = book.next_seq - 1
    try:
        while book.next_seq <= 150:
            first = book.next_seq
            batch = [sealed(first)] if first % 3 else [sealed(first), sealed(first + 1)]
            attempted = first + len(batch) - 1
            book.append(batch)
            if first % 9 == 0:
                book.release(1, first - 5, digest(first - 5))
    except (Unavailable, OSError):
        pass
    return book.next_seq - 1, attempted


def check_after_cut(flash, acknowledged, attempted, step):
    book = rebooted(flash)
    newest = book.next_seq - 1
    # Never repeated: at least every acknowledged number is taken. Never invented: at most what was being appended.
    assert acknowledged <= newest <= attempted, (step, acknowledged, newest, attempted)
    assert book.damaged == 0, step
    for seq in range(book.oldest_seq, newest + 1):
        assert book.read(seq) == sealed(seq), (step, seq)
    assert book.last() == sealed(newest), step
    assert book.oldest_seq <= max(1, acknowledged - 5), step
    book.append([sealed(book.next_seq)])  # and it goes on
    assert rebooted(flash).last() == sealed(newest + 1), step


def test_a_failed_flash_keeps_the_number_for_the_next_try():
    flash, book = fresh_journal()
    fill(book, 3)
    flash.cut_after(1)
    assert refusal(book.append, [sealed(4)]) == "journal.flash"
    assert book.next_seq == 4
    book = rebooted(flash)
    book.append([sealed(book.next_seq)])
    assert rebooted(flash).last() == sealed(4)


def test_a_receipt_frees_whole_segments_but_never_the_last_record():
    flash, book = fresh_journal()
    fill(book, 60)
    before = book.used_permille
    assert book.release(1, 60, digest(60)) > 0
    assert book.used_permille < before and book.pending == 0
    assert book.oldest_seq > 40 and book.read(60) == sealed(60)
    book = rebooted(flash)
    assert book.next_seq == 61 and book.last() == sealed(60)


def test_what_does_not_match_our_own_record_frees_nothing():
    _, book = fresh_journal()
    fill(book, 60)
    assert refusal(book.release, 1, 40, digest(41)) == "journal.head"
    assert refusal(book.release, 1, 61, digest(61)) == "journal.unknown"
    assert refusal(book.release, 2, 40, digest(40)) == "journal.gap"
    assert book.oldest_seq == 1 and book.pending == 60
    book.release(1, 40, digest(40))
    assert book.release(1, 40, digest(40)) == 0  # a replay
    assert book.pending == 20


def test_a_full_journal_says_so_first_and_keeps_room_for_audit():
    _, book = fresh_journal(capacity=32 * 1024)
    seen = [book.state]
    while book.state != journal.FULL:
        book.append([sealed(book.next_seq), sealed(book.next_seq + 1)])
        if book.state != seen[-1]:
            seen.append(book.state)
    # The reserve is a quarter of this small journal, so it is full before four fifths are used.
    assert seen in (["fresh", "filling", "full"], ["fresh", "filling", "nearly_full", "full"]), seen
    while refusal(book.append, [sealed(book.next_seq)]) is None:
        pass
    assert refusal(book.append, [sealed(book.next_seq)]) == "journal.full"
    kept = book.next_seq - 1
    book.append([sealed(book.next_seq)], audit=True)
    assert book.next_seq == kept + 2 and book.last() == sealed(kept + 1)
    book.release(1, kept, digest(kept))
    assert book.state == journal.FRESH
    book.append([sealed(book.next_seq)])


def test_a_file_system_without_room_loses_nothing():
    flash, book = fresh_journal(blocks=12, capacity=10**6)
    while refusal(book.append, [sealed(book.next_seq)], audit=True) is None:
        pass
    assert refusal(book.append, [sealed(book.next_seq)], audit=True) == "journal.full"
    newest = book.next_seq - 1
    book = rebooted(flash, 10**6)
    assert book.next_seq == newest + 1
    for seq in range(1, newest + 1):
        assert book.read(seq) == sealed(seq), seq
    book.release(1, newest, digest(newest))
    book.append([sealed(newest + 1)])
    assert book.last() == sealed(newest + 1)


def damage(path, offset):
    with open(path, "rb") as stream:
        content = bytearray(stream.read())
    content[offset] ^= 0x10
    with open(path, "wb") as stream:
        stream.write(content)


def test_a_damaged_record_in_the_middle_is_reported_and_its_neighbours_survive():
    flash, book = fresh_journal()
    fill(book, 60)
    damage(PATH + "/00000001", frames.HEADER_BYTES + 5)
    damage(PATH + "/00000001", (frames.HEADER_BYTES + len(sealed(1))) * 3)
    book = rebooted(flash)
    assert book.damaged >= 2 and book.next_seq == 61
    unreadable = [seq for seq in range(1, 61) if book.read(seq) != sealed(seq)]
    assert 2 <= len(unreadable) <= 3 and unreadable[0] == 1, unreadable


def test_a_damaged_record_holds_up_no_release_of_those_behind_it():
    flash, book = fresh_journal()
    fill(book, 60)
    damage(PATH + "/00000001", sum([frames.HEADER_BYTES + len(sealed(seq)) for seq in (1, 2)]) + 30)
    book = rebooted(flash)
    assert book.damaged == 1 and book.read(3) is None
    assert refusal(book.release, 6, 40, digest(40)) == "journal.gap"  # 1, 2, 4 and 5 are sound
    book.release(1, 2, digest(2))
    assert book.release(4, 40, digest(40)) > 0


def test_a_damaged_last_record_never_gives_its_number_away_again():
    flash, book = fresh_journal()
    fill(book, 3)
    damage(PATH + "/tail02", 30)
    book = rebooted(flash)
    assert book.damaged == 1 and book.next_seq > 3 and book.last() == sealed(2)
    number = book.next_seq
    book.append([sealed(number)])
    book = rebooted(flash)
    assert book.last() == sealed(number) and book.next_seq == number + 1
    fill(book, 40)  # the damage is gathered into a segment with its neighbours
    book = rebooted(flash)
    assert book.damaged == 1 and book.read(2) == sealed(2) and book.read(number) == sealed(number)


def test_a_cut_frame_does_not_surface():
    flash, book = fresh_journal()
    fill(book, 2)
    with open(PATH + "/tail02", "wb") as stream:
        stream.write((frames.header(3, sealed(3)) + sealed(3))[:60])
    book = rebooted(flash)
    assert book.last() == sealed(2) and book.read(3) is None and book.damaged == 1


def test_a_record_larger_than_a_segment_has_room():
    flash, book = fresh_journal()
    fill(book, 2)
    large = sealed(3, 330) * 12
    book.append([large])
    book.append([sealed(4)])
    book = rebooted(flash)
    assert book.read(3) == large and book.last() == sealed(4)


def append_until_killed():
    """Child of the kill -9 test: say each number after it was acknowledged."""
    from hal import flash, nvram

    root = flash.mount()
    book = Journal(root + "/journal", 10**6)
    book.guard(Mark(nvram, b"a key id"))
    while True:
        book.append([sealed(book.next_seq), sealed(book.next_seq + 1)])
        print(book.next_seq - 1)
        if book.next_seq % 40 == 1:
            book.release(1, book.next_seq - 20, digest(book.next_seq - 20))


def make_image():
    from hal import flash

    journal.create(flash.mount(create=True) + "/journal")


def check_image():
    """Print the newest number after checking every record that is there."""
    from hal import flash

    book = Journal(flash.mount() + "/journal", 10**6)
    assert book.damaged == 0
    for seq in range(book.oldest_seq, book.next_seq):
        assert book.read(seq) == sealed(seq), seq
    print(book.next_seq - 1)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    device_flash.unmount()
    os.chdir("/")
