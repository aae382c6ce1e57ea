"""Notes of an older terminal's release on littlefs: carried over once, whatever step of it the power is cut at.

Run one test: ``micropython device_older_notes.py test_name``; tests/firmware/terminal/test_notes.py runs them all.
"""

import os
import sys

from cards.contents import Contents
from cards.counters import CAPACITY, Counters
from terminal import older_notes
from terminal.noted_counters import NotedCounters
from terminal.notes import Notes
from terminal.owed import Owed
from tracewire import cbor
from tracewire.errors import Unavailable

import device_flash

LOT, VOUCHER = "35020000100030000001", "35020000100070000009"
BEFORE = Contents("3502000010007", "", ((1, LOT),), (80000,))
DRAWN, RECEIVED = BEFORE.draw(LOT, 700), BEFORE.receive(1, VOUCHER, 700)
EARLIER = [b"\x04earlie", 4, BEFORE.draw(LOT, 50).encode(), False, 1, LOT, 50]
STAGED = [
    [b"\x04seller", 7, DRAWN.encode(), False, 1, LOT, 700],
    [b"\x04buyer.", 3, RECEIVED.encode(), True, 1, VOUCHER, 700],
]
SEEN = CAPACITY + 3


def left_by_an_older_release():
    """Return a flash part with what such a terminal leaves: its table of cards is full and has gone round."""
    flash = device_flash.CuttingFlash(64)
    root = device_flash.mounted(flash, create=True)
    table = Counters(root)
    for number in range(SEEN):
        table.keep(b"\x04%06d" % number, number + 1, b"tag.", number)
    with open(root + "/owed.cbor", "wb") as file:
        file.write(cbor.encode([[EARLIER], [VOUCHER, 1, STAGED]]))
    os.mkdir(root + "/vouchers")
    for number in range(3):
        with open("%s/vouchers/%02d" % (root, number), "wb") as file:
            file.write(bytes(300))
    return flash


class Terminal:
    """A terminal at power-on, ``count`` of whose deals were signed."""

    def __init__(self, flash, count):
        root = device_flash.mounted(flash)
        notes = Notes(root)
        self.counters = NotedCounters(notes)
        self.owed = Owed(notes, count)
        older_notes.carry_over(root, notes, self.counters, self.owed, count)
        assert os.listdir(root) == ["notes"], os.listdir(root)

    def check(self, is_signed):
        """What was owed is owed, and every card that was known is known as well as before."""
        earlier = self.owed.find(EARLIER[0])
        seller, buyer = [self.owed.find(row[0]) for row in STAGED]
        assert earlier.is_on(BEFORE.draw(LOT, 50), 5) is True and earlier.is_on(BEFORE, 4) is False
        assert earlier.describe().endswith("draw 50 g of " + LOT)
        assert (seller is not None) == (buyer is not None) == is_signed
        if is_signed:
            assert seller.is_on(DRAWN, 8) is True and seller.apply(BEFORE).encode() == DRAWN.encode()
            assert buyer.is_on(RECEIVED, 4) is True and buyer.describe().endswith("receive 700 g of " + VOUCHER)
        for number in range(SEEN):
            seen = number + 1 if number >= SEEN - CAPACITY else 0
            assert self.counters.generation(b"\x04%06d" % number) == seen, number


def cut_at_every_step(count, is_signed):
    cut = 0
    while True:
        cut += 1
        flash = left_by_an_older_release()
        flash.cut_after(cut)
        try:
            Terminal(flash, count)
        except (Unavailable, OSError):
            assert not flash.is_powered
        was_cut = not flash.is_powered
        flash.power_on()
        Terminal(flash, count).check(is_signed)
        Terminal(flash, count).check(is_signed)
        if not was_cut:
            break
    assert cut > 10, cut
    print(cut - 1, "cuts")


def test_a_power_cut_at_every_step_of_carrying_over_a_signed_deal():
    cut_at_every_step(9, True)


def test_a_power_cut_at_every_step_of_carrying_over_a_deal_that_was_not_signed():
    cut_at_every_step(8, False)


def test_a_card_that_was_seen_last_is_forgotten_last_after_it_was_carried_over():
    terminal = Terminal(left_by_an_older_release(), 9)
    terminal.counters.keep(b"\x04newest", 1, b"tag.", 1)
    assert not terminal.counters.knows(b"\x04%06d" % (SEEN - CAPACITY))
    assert terminal.counters.knows(b"\x04%06d" % (SEEN - CAPACITY + 1))


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    device_flash.unmount()
