"""The card is pulled out at every frame of every operation, in three ways; what it says afterwards is old or new.

Run one test: ``micropython cards_pulled_out.py test_name``; tests/firmware/test_cards.py runs them all.
"""

import asyncio
import sys

from cards import copies
from cards.counters import Counters
from chips.pn532 import KEPT, LOST, TORN
from tracewire.errors import Rejected, Unavailable

import device_flash
from cards_bench import BEFORE, DESK, NEW, OLD, Bench, issued, new_flash, new_plain_card, new_secure_card

MOMENTS = (LOST, TORN, KEPT)


def used(chip):
    """Return a card that was written since it was issued: one slot says OLD, the other what was there before."""
    asyncio.run(Bench(folder=DESK).write(issued(chip, BEFORE), OLD))
    return chip


def pulled(bench, chip, frames, moment, operation):
    """Do ``operation`` with the card pulled out at a frame; return whether it was done before that frame came."""

    async def story():
        card = await bench.tap(chip)
        bench.line.pull_after(frames, moment)
        await operation(card)

    try:
        asyncio.run(story())
    except Unavailable as error:
        assert error.code == "card.gone", error.code
    return bench.line.frames < frames


def slots_of(chip):
    if hasattr(chip, "files"):
        return [bytes(chip.files[3]), bytes(chip.files[2][128:])]
    return [
        b"".join([chip.blocks[number] for number in range(start, start + 27) if number % 4 != 3]) for start in (4, 32)
    ]


def is_whole(chip):
    """Tell whether both copies are sound, without the driver."""
    keyring = Bench().keyring
    _, copy, needs_repair = copies.newest(slots_of(chip), chip.uid, keyring)
    return copy is not None and not needs_repair


def every_frame(make, operation, check):
    """Pull the card at frame 1, 2, … in each way until the operation is done before; return how many were tried."""
    tried = 0
    for moment in MOMENTS:
        frames, is_done = 0, False
        while not is_done:
            frames += 1
            new_flash()
            chip = make()
            is_done = pulled(Bench(), chip, frames, moment, operation)
            check(chip, is_done)
            tried += 1
    print(tried, "pulls")
    return tried


def check_old_or_new(chip, is_done):
    """A scale, which repairs nothing, reads old or new; a terminal reads the same and leaves two whole copies."""
    said = asyncio.run(Bench(may_write=False).read(chip))
    assert said.contents.encode() in (OLD.encode(), NEW.encode())
    assert not is_done or said.contents.encode() == NEW.encode()
    again = asyncio.run(Bench().read(chip))
    assert (again.contents.encode(), again.generation) == (said.contents.encode(), said.generation)
    assert is_whole(chip)
    written = asyncio.run(Bench().write(chip, NEW))
    assert written.generation == 3, "the same write twice counts once"


async def write_new(card):
    await card.write(NEW)


async def read_then_write_new(card):
    await card.read()
    await card.write(NEW)


async def issue_new(card):
    await card.issue(NEW)


async def read(card):
    await card.read()


def test_a_secure_card_is_old_or_new():
    assert every_frame(lambda: used(new_secure_card()), write_new, check_old_or_new) >= 30
    every_frame(lambda: used(new_secure_card()), read_then_write_new, check_old_or_new)


def test_a_plain_card_is_old_or_new():
    assert every_frame(lambda: used(new_plain_card()), write_new, check_old_or_new) >= 60


def test_a_card_pulled_out_while_it_is_read_says_the_same_afterwards():
    def check(chip, is_done):
        said = asyncio.run(Bench().read(chip))
        assert said.contents.encode() == OLD.encode() and said.generation == 2 and is_whole(chip)

    for make in (new_secure_card, new_plain_card):
        every_frame(lambda make=make: used(make()), read, check)


def torn(make):
    """Return a card whose second slot is half written."""
    chip = used(make())
    frames, is_done = 0, False
    while is_whole(chip):
        frames += 1
        is_done = pulled(Bench(), chip, frames, TORN, write_new)
        assert not is_done
    return chip


def test_a_card_pulled_out_again_while_it_is_repaired_is_still_old():
    def check(chip, is_done):
        said = asyncio.run(Bench(may_write=False).read(chip))
        assert said.contents.encode() == OLD.encode() and said.generation == 2
        asyncio.run(Bench().read(chip))
        assert is_whole(chip)

    for make in (new_secure_card, new_plain_card):
        every_frame(lambda make=make: torn(make), read, check)


def test_a_blank_card_pulled_out_while_it_is_issued_can_be_issued_again():
    def check(chip, is_done):
        try:
            said = asyncio.run(Bench().read(chip))
            assert said.contents.encode() == NEW.encode()
        except Rejected as refused:
            assert refused.code in ("card.blank", "card.damaged") and not is_done, refused.code
        said = asyncio.run(Bench().issue(chip, NEW))
        assert said.contents.encode() == NEW.encode()
        assert is_whole(chip)

    for make in (new_secure_card, new_plain_card):
        every_frame(make, issue_new, check)


def test_the_counters_survive_a_power_cut_at_every_flash_operation():
    cuts = 0
    while True:
        flash = device_flash.CuttingFlash(32)
        device_flash.mounted(flash, create=True)
        Counters(device_flash.ROOT).keep(b"\x01\x02\x03\x04", 7, b"tagg", 30)
        cuts += 1
        flash.cut_after(cuts)
        try:
            Counters(device_flash.ROOT).keep(b"\x01\x02\x03\x04", 8, b"tagh", 31)
            is_kept = True
        except OSError:
            is_kept = False
        was_cut = not flash.is_powered
        flash.power_on()
        device_flash.mounted(flash)
        after = Counters(device_flash.ROOT)
        assert after.generation(b"\x01\x02\x03\x04") in ((8,) if is_kept else (7, 8))
        assert not after.started_anew
        if not was_cut:
            break
    assert cuts > 3
    print(cuts - 1, "cuts")


if __name__ == "__main__":
    new_flash()
    globals()[sys.argv[1]]()
