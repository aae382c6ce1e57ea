"""Flash that wears out under the journal: what it is called, what is lost (nothing), and what the watchdog makes of it.

Run one test: ``micropython device_worn.py test_name``; tests/firmware/test_worn_flash.py runs them all.
"""

import asyncio
import sys

from device import journal
from device.journal import Journal
from device.mark import Mark
from device.watchdog import Watchdog
from scale.storage_line import StorageLine
from tracewire import record
from tracewire.errors import Unavailable

import device_flash
from device_history import WEIGHING, Board, code_of
from device_journal import CAPACITY, PATH, digest, sealed


class WornFlash(device_flash.CuttingFlash):
    """Flash whose blocks take no more programs after ``lives`` erases: the bits simply stay as they are."""

    def __init__(self, blocks, lives):
        device_flash.CuttingFlash.__init__(self, blocks)
        self.lives = lives
        self.erased = [0] * blocks

    def erase(self, block):
        self.erased[block] += 1
        if self.erased[block] > self.lives:
            return 0
        return device_flash.CuttingFlash.erase(self, block)

    def writeblocks(self, block, buffer, offset=0):
        if self.erased[block] > self.lives:
            return 0
        return device_flash.CuttingFlash.writeblocks(self, block, buffer, offset)


def test_a_flash_that_wears_out_loses_nothing_and_has_a_name():
    flash = WornFlash(24, 12)
    device_flash.mounted(flash, create=True)
    journal.create(PATH)
    book = Journal(PATH, CAPACITY)
    book.guard(Mark(device_flash.Nvram(), b"a key id"))
    try:
        while book.next_seq < 20000:
            book.append([sealed(book.next_seq)])
            if book.pending > 60:
                book.release(1, book.next_seq - 30, digest(book.next_seq - 30))
    except (Unavailable, OSError):
        pass
    assert book.state == "worn_out", (book.state, book.next_seq)
    newest = book.next_seq - 1
    assert newest > 500
    found = Journal(PATH, CAPACITY)
    for seq in range(found.released_to + 1, newest + 1):
        assert found.read(seq) == sealed(seq), seq


def test_a_device_whose_flash_fails_at_power_on_comes_up_to_say_so_and_goes_on_when_it_recovers():
    board = Board()
    board.boot()
    board.flash.is_read_only = True
    history = board.boot()
    assert board.journal.state == "worn_out"
    assert code_of(history.write, [(record.WEIGHING, WEIGHING)]) == "journal.flash"
    board.flash.is_read_only = False
    history.write([(record.WEIGHING, WEIGHING)])
    assert board.journal.state == "fresh"
    assert [one.kind for one in board.check_chain()] == [record.BOOT, record.BOOT, record.WEIGHING]
    assert [one.boot for one in board.check_chain()] == [1, 2, 2]


def test_a_journal_full_to_its_last_byte_still_lets_the_device_come_up():
    board = Board(capacity=16 * 1024)
    history = board.boot()
    while code_of(history.audit, "printer_fault", "x" * 100) is None:
        pass
    count = board.journal.next_seq
    for _ in range(60):
        board.boot()
    assert board.journal.state == "full" and board.journal.next_seq <= count + 1


class Nobody:
    """Screen, publisher and client of a storage line that only the watchdog hears."""

    is_online = False
    pending = 0

    def storage(self, is_linked, is_pending, warning):
        self.warning = warning


def test_a_stuck_journal_starves_the_watchdog():
    board = Board()
    history = board.boot()
    ticks, fed, nobody = [0], [], Nobody()
    limits = {"weigh": 5000, "journal": 60000}
    guard = Watchdog(lambda: fed.append(ticks[0]), lambda: ticks[0], limits)
    line = StorageLine(nobody, board.journal, nobody, nobody, guard.progress, lambda: None)

    def live(seconds):
        for _ in range(seconds):
            ticks[0] += 1000
            guard.progress("weigh")
            code_of(history.write, [(record.WEIGHING, WEIGHING)])
            line.show()

    live(100)
    asyncio.run(asyncio.wait_for_ms(once(guard), 1000))
    assert fed == [100000] and nobody.warning == ""
    board.flash.cut_after(1)
    live(61)
    assert guard.stalled() == ["journal"] and nobody.warning == "journal.flash"
    asyncio.run(guard.run())  # returns: the board's own timer runs out now
    assert fed == [100000]


async def once(guard):
    task = asyncio.create_task(guard.run(1))
    await asyncio.sleep_ms(0)
    task.cancel()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    device_flash.unmount()
