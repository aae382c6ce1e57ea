"""The notes of a night at a terminal on littlefs, with the power cut at every flash operation of it.

Run one test: ``micropython device_notes.py test_name``; tests/firmware/terminal/test_notes.py runs them all.
"""

import sys

from cards.contents import Contents
from terminal.noted_counters import NotedCounters
from terminal.notes import Notes
from terminal.owed import Owed, Write, digest
from tracewire import record
from tracewire.errors import Rejected, Unavailable

import device_flash

SLOTS = 3  # the base is written every fourth time
DEALS = 9
LOT = "35020000100030000001"
PACKED_LOT = record.pack_digits(LOT)
CARDS = (b"\x04one", b"\x04two", b"\x04abc")  # two sell, one buys
STOCK = Contents("3502000010007", "", ((1, LOT),), (80000,))


class World:
    """What no power cut reaches: the flash part, how many deals the journal holds, and the cards."""

    def __init__(self):
        self.flash = device_flash.CuttingFlash(64)
        device_flash.mounted(self.flash, create=True)
        self.signed = 0
        self.cards = {uid: (5, STOCK) for uid in CARDS}
        self.rested_on = {}
        self.owing = {}


class Terminal:
    """A terminal at power-on."""

    def __init__(self, world):
        self.world = world
        self.notes = Notes(device_flash.mounted(world.flash), SLOTS)
        self.counters = NotedCounters(self.notes)
        self.owed = Owed(self.notes, world.signed)

    def check(self):
        """What a signed deal owes and what it rested on is known; whatever else is owed is on its card already."""
        assert not self.notes.is_damaged
        for uid, (generation, what) in self.world.cards.items():
            wanted, found = self.world.owing.get(uid), self.owed.find(uid)
            if wanted:
                assert found is not None and found.terms == wanted.terms, uid
                assert found.is_on(what, generation) is False, uid
            elif found:
                assert found.is_on(what, generation) is True, uid
            before = self.world.rested_on.get(uid, 0) - 1
            assert self.counters.generation(uid) > before or is_refused(found, what, before), uid

    def deal(self, is_signed=True):
        """Two cards get what they are owed, and then sign the next deal."""
        number = self.world.signed + 1
        uids = (CARDS[number % 2], CARDS[2])
        writes = []
        for uid in uids:
            self.tap(uid)
            generation, what = self.world.cards[uid]
            self.counters.keep(uid, generation, b"tag.", number)
            writes.append(Write(uid, generation, digest(what.draw(LOT, number)), False, 1, PACKED_LOT, number))
        self.owed.stage(number, writes)
        if is_signed:
            self.world.signed = number
            self.world.rested_on.update({uid: self.world.cards[uid][0] for uid in uids})
            self.world.owing.update({write.uid: write for write in writes})
            self.owed.commit()
            if number % 3 == 0:  # the seller goes to another terminal before it gets what is owed here
                generation, what = self.world.cards[uids[0]]
                self.world.cards[uids[0]] = generation + 1, what.draw(LOT, 50)

    def tap(self, uid):
        """Write on a card what it is owed, unless it is there."""
        write = self.owed.find(uid)
        if write is None:
            return
        generation, what = self.world.cards[uid]
        self.counters.keep(uid, generation, b"tag.", self.world.signed)
        if write.is_on(what, generation) is False:
            write = self.owed.move_on(write, what, generation)
            generation, what = self.world.cards[uid] = generation + 1, write.apply(what)
            del self.world.owing[uid]
            self.counters.keep(uid, generation, b"tag.", self.world.signed)
        self.owed.settle(write)


def is_refused(write, what, generation):
    """Tell whether a card that was set back to a generation before its deal is found out by what it is owed."""
    try:
        write.is_on(what, generation)
    except Rejected as refusal:
        return refusal.code == "card.rolled_back"
    return False


def test_a_power_cut_at_every_flash_operation_of_a_night():
    cut = 0
    while True:
        cut += 1
        world = World()
        terminal = Terminal(world)
        world.flash.cut_after(cut)
        try:
            while world.signed < DEALS:
                terminal.deal()
        except Unavailable:
            assert not world.flash.is_powered
        was_cut = not world.flash.is_powered
        world.flash.power_on()
        terminal = Terminal(world)
        terminal.check()
        while world.signed < DEALS + SLOTS + 1:
            terminal.deal()
        Terminal(world).check()
        if not was_cut:
            break
    assert cut > DEALS, cut
    print(cut - 1, "cuts")


def test_a_cut_between_the_note_and_the_record_at_every_deal():
    for last in range(DEALS):
        world = World()
        terminal = Terminal(world)
        while world.signed < last:
            terminal.deal()
        terminal.deal(is_signed=False)
        terminal = Terminal(world)
        terminal.check()
        while world.signed < DEALS:
            terminal.deal()
            terminal.deal(is_signed=False)  # and the journal may refuse, without a cut
        terminal.notes.flush()
        Terminal(world).check()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    device_flash.unmount()
