"""What a wholesale deal costs the flash: its two records and every note of its two cards, under MicroPython's littlefs.

``micropython -X heapsize=8M deal_wear.py`` prints a line for each way in which cards come back. The seller deals all
night; the buyers are as many as a terminal remembers, so that its table of cards is full.
"""

import gc

from cards.contents import Contents
from cards.counters import CAPACITY
from device import journal
from device.journal import Journal
from device.mark import Mark
from terminal.noted_counters import NotedCounters
from terminal.notes import Notes
from terminal.owed import Owed, Write, digest
from terminal.voucher import SPARE_SEGMENTS
from tracewire import chain, record

import device_flash

DEALS = 800
BACKLOG = 40
ENROLLED = (("config.cbor", 285), ("server_ca.der", 467), ("tls_cert.der", 443), ("tls_key.der", 121), ("rest", 250))
"""Bytes that lie in the root of a terminal's flash; littlefs copies them whenever its log there is full."""

WEIGHING, MOVEMENT = bytes(175), bytes(248)
LOT = "35020000100030000001"
PACKED_LOT = record.pack_digits(LOT)
SELLERS = 20
BUYERS = CAPACITY - SELLERS
SELLER, BUYER = b"\x04s%05d", b"\x04b%05d"


class Night:
    """A terminal that has met every buyer once."""

    def __init__(self):
        self.flash = device_flash.CountingFlash(256)
        root = device_flash.mounted(self.flash, create=True)
        for name, size in ENROLLED:
            with open(root + "/" + name, "wb") as file:
                file.write(bytes(size))
        journal.create(root + "/journal")
        self.book = Journal(root + "/journal", 600 * 1024)
        self.book.guard(Mark(device_flash.Nvram(), b"a key id"))
        self.book.spare_segments = SPARE_SEGMENTS
        self.notes = Notes(root)
        self.counters = NotedCounters(self.notes)
        self.owed = Owed(self.notes, 0)
        self.taps = 0
        for number in range(BUYERS):
            self._see(BUYER % number)
        self.notes.flush()

    def deal(self, number):
        """Two cards are tapped, a deal is signed, and the cloud settles what it must."""
        buyer, seller = BUYER % (number % BUYERS), SELLER % (number % SELLERS)
        self._see(seller)
        self._see(buyer)
        what = digest(Contents("3502000010007", "A12", ((1, LOT),)))
        writes = [Write(uid, self.taps, what, uid == buyer, 1, PACKED_LOT, 5000) for uid in (seller, buyer)]
        self.owed.stage(number, writes)
        self.book.append([WEIGHING, MOVEMENT])
        self.owed.commit()
        if self.book.pending > BACKLOG:
            self.book.release(1, self.book.next_seq - 1, chain.digest(MOVEMENT))
        return writes

    def write(self, writes):
        """The cards are tapped again, and get what they are owed."""
        for one in writes:
            self._see(one.uid)
            self._see(one.uid)
            self.owed.settle(one)

    def _see(self, uid):
        self.taps += 1
        self.counters.keep(uid, self.taps, b"tag.", self.taps)


def measure(is_quiet, deals_later):
    """Return erases for each record; ``is_quiet``: the minute after which notes are flushed passes in every deal."""
    night = Night()
    night.flash.erases, owing = 0, []
    for number in range(1, DEALS + 1):
        owing.append(night.deal(number))
        if len(owing) > deals_later:
            night.write(owing.pop(0))
        if is_quiet:
            night.notes.flush()
    return night.flash.erases / (2 * DEALS)


def main():
    for is_quiet in (False, True):
        for deals_later in (0, 10):
            device_flash.unmount()
            gc.collect()
            quiet = "more than a minute" if is_quiet else "less than a minute"
            erases = measure(is_quiet, deals_later)
            print("%s to a deal, cards written %d deals later: %.3f erases per record" % (quiet, deals_later, erases))


if __name__ == "__main__":
    main()
    device_flash.unmount()
