"""Whose card, what it says, and every card that is refused: the drivers over virtual chips, frame by frame.

Run one test: ``micropython cards_threats.py test_name``; tests/firmware/test_cards.py runs them all.
"""

import asyncio
import sys

from cards import iso14443
from cards.contents import Contents
from chips.mifare_classic import VirtualClassic
from scale import session
from tracewire.errors import Rejected, Unavailable

from cards_bench import (
    LOT,
    NEW,
    OLD,
    OTHER_LOT,
    PLAIN_UID,
    SECURE_UID,
    SELLER,
    STOCK,
    Bench,
    issued,
    new_flash,
    new_plain_card,
    new_secure_card,
    refusal,
)

THIEF_UID = b"\x2b\x99\x98\x97"


def copy_of(card, uid=None):
    """Return another card with every block of ``card``; with its number too unless ``uid`` is given."""
    twin = new_plain_card(uid) if uid else VirtualClassic(card.uid, card.keys)
    twin.blocks = list(card.blocks)
    return twin


def says(reading, what):
    return reading.contents.encode() == what.encode()


def test_a_card_that_proves_itself_is_read_and_written():
    card = issued(new_secure_card())
    terminal = Bench()
    said = asyncio.run(terminal.read(card))
    assert says(said, OLD) and said.is_proved and said.taps == 2 and said.generation == 1
    assert says(asyncio.run(terminal.write(card, STOCK)), STOCK)
    said = asyncio.run(Bench(may_write=False).read(card))
    assert says(said, STOCK) and said.generation == 2


def test_a_card_that_cannot_prove_itself_identifies():
    card = issued(new_plain_card())
    said = asyncio.run(Bench(may_write=False).read(card))
    assert says(said, OLD) and not said.is_proved and said.generation == 1
    assert says(asyncio.run(Bench().write(card, NEW)), NEW)
    assert says(asyncio.run(Bench().read(card)), NEW)


def test_a_session_of_a_scale_reads_the_bytes_of_a_card():
    bench = Bench()
    said = asyncio.run(bench.read(issued(new_secure_card(), STOCK)))
    shown = session.decode_card(said.contents.encode())
    assert (shown.seller, shown.stall, shown.lot_of(2)) == (SELLER, STOCK.stall, OTHER_LOT)


def test_presented_and_taken_away_is_told_once_each():
    async def story():
        bench = Bench()
        card = issued_cards[0]
        bench.line.place(card)
        shown = await bench.reader.next_card()
        assert (shown.uid, shown.kind) == (SECURE_UID, iso14443.NTAG424)
        waiting = asyncio.create_task(bench.reader.next_card())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not waiting.done()
        bench.line.remove()
        assert await waiting is None
        bench.line.place(issued_cards[1])
        shown = await bench.reader.next_card()
        assert (shown.uid, shown.kind) == (PLAIN_UID, iso14443.MIFARE_CLASSIC)

    issued_cards = (issued(new_secure_card()), issued(new_plain_card()))
    asyncio.run(story())


def test_a_card_that_was_lost_and_lies_there_still_is_presented_again():
    async def story():
        bench.line.place(chip)
        card = await bench.reader.next_card()
        bench.line.pull_after(3)
        try:
            await card.read()
        except Unavailable as error:
            assert error.code == "card.gone"
        bench.line.place(chip)  # sooner than anybody looks
        return await (await bench.reader.next_card()).read()

    bench, chip = Bench(), issued(new_secure_card())
    assert says(asyncio.run(story()), OLD)


def test_a_card_that_was_lost_and_is_away_is_told_once():
    async def story():
        bench.line.place(chip)
        card = await bench.reader.next_card()
        bench.line.pull_after(3)
        try:
            await card.read()
        except Unavailable as error:
            assert error.code == "card.gone"
        assert await bench.reader.next_card() is None
        bench.line.place(chip)
        return await bench.reader.next_card()

    bench, chip = Bench(), issued(new_secure_card())
    assert asyncio.run(story()).uid == SECURE_UID


def test_more_than_the_card_holds_of_a_lot_is_not_sold():
    card = issued(new_secure_card(), STOCK)
    left = asyncio.run(Bench().read(card)).contents
    try:
        left.draw(LOT, 25001)
    except Rejected as refused:
        assert (refused.code, refused.detail) == ("card.overdrawn", "25000")
    else:
        raise AssertionError("not refused")
    said = asyncio.run(Bench().write(card, left.draw(LOT, 24000)))
    assert said.contents.grams_left(LOT) == 1000
    assert says(asyncio.run(Bench().read(card)), said.contents)


def test_a_card_of_another_system_is_foreign():
    for card in (new_secure_card(system=1), new_plain_card(system=1), new_secure_card(version=9)):
        assert refusal(Bench().read(card)) == "card.foreign"
        assert refusal(Bench().write(card, NEW)) == "card.foreign"


def test_a_useless_card_is_refused_once_and_the_next_one_read():
    async def story():
        bench.line.place(bank_card)
        try:
            await bench.reader.next_card()
        except Rejected as refused:
            assert refused.code == "card.foreign"
        else:
            raise AssertionError("not refused")
        waiting = asyncio.create_task(bench.reader.next_card())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not waiting.done()
        bench.line.place(good)
        return await waiting

    bench, good = Bench(), issued(new_secure_card())
    bank_card = new_secure_card(b"\x08\x01\x02\x03")  # a number drawn at random for every tap
    assert asyncio.run(story()).uid == SECURE_UID


def test_sectors_copied_to_another_card_are_refused():
    thief = issued(new_plain_card(THIEF_UID))
    stolen = copy_of(issued(new_plain_card()), THIEF_UID)
    assert says(asyncio.run(Bench().read(thief)), OLD)
    assert refusal(Bench().read(stolen)) == "card.copied"
    assert refusal(Bench().write(stolen, NEW)) == "card.copied"
    half = copy_of(thief)
    half.blocks[32:59] = stolen.blocks[32:59]
    assert refusal(Bench().read(half)) == "card.copied"


def test_a_card_put_back_to_older_contents_is_refused():
    card = issued(new_plain_card())
    scale = Bench()
    backup = copy_of(card)
    asyncio.run(scale.write(card, NEW))
    assert refusal(scale.read(backup)) == "card.rolled_back"
    assert refusal(Bench().read(backup)) == "card.rolled_back"  # also after a power cut
    assert refusal(Bench().write(backup, OLD)) == "card.rolled_back"


def test_a_card_made_blank_again_is_refused():
    card = issued(new_plain_card())
    asyncio.run(Bench().read(card))
    assert refusal(Bench().read(new_plain_card())) == "card.rolled_back"


def test_two_cards_of_one_number_that_went_apart_are_refused():
    first = issued(new_plain_card())
    second = copy_of(first)
    asyncio.run(Bench().write(first, NEW))
    new_flash()  # another market, which never saw the first
    asyncio.run(Bench().write(second, Contents(SELLER, "四号摊", ((1, LOT),))))
    assert refusal(Bench().read(first)) == "card.copied"


def test_a_tap_that_was_listened_to_is_of_no_use_again():
    card = issued(new_secure_card())
    card.taps = 40
    asyncio.run(Bench().read(card))
    card.taps = 39
    assert refusal(Bench().read(card)) == "card.copied"


def test_a_known_number_without_its_key_is_a_copy():
    card = issued(new_secure_card())
    taken = asyncio.run(Bench().read(card)).taps
    imitation = new_secure_card()
    imitation.taps, imitation.files = taken, card.files
    imitation.keys[1] = bytes(16)
    assert refusal(Bench().read(imitation)) == "card.copied"
    new_flash()
    assert refusal(Bench().read(imitation)) == "card.foreign"


def test_a_message_of_another_card_is_a_copy():
    card = issued(new_secure_card())
    honest = card.uid
    announced = b"\x04\x11\x22\x33\x44\x55\x66"
    card.announce = lambda: b"\x03\x44\x20\x07" + announced + b"\x06\x77\x77\x71\x02\x80"
    assert card.uid == honest
    assert refusal(Bench().read(card)) == "card.copied"


def test_an_answer_changed_on_its_way_changes_nothing_that_is_read():
    card = issued(new_secure_card(), STOCK)
    honest_exchange = card.exchange
    for frame in range(8):
        for bit in range(0, 300, 7):
            new_flash()
            seen = []

            def exchange(request, frame=frame, bit=bit, seen=seen):
                status, answer = honest_exchange(request)
                seen.append(request)
                if len(seen) - 1 != frame or bit // 8 >= len(answer):
                    return status, answer
                changed = bytearray(answer)
                changed[bit // 8] ^= 1 << bit % 8
                return status, bytes(changed)

            card.exchange = exchange
            try:
                said = asyncio.run(Bench(may_write=False).read(card))
                assert says(said, STOCK) and said.is_proved
            except Rejected as refused:
                assert refused.code in ("card.foreign", "card.copied", "card.damaged"), refused.code


def test_a_card_with_no_whole_copy_is_damaged_until_it_is_issued_again():
    for card in (issued(new_secure_card()), issued(new_plain_card())):
        if card.uid == SECURE_UID:
            card.files[3][20] ^= 1
            card.files[2][128 + 20] ^= 1
        else:
            for block in (5, 33):
                card.blocks[block] = bytes((1,)) * 16
        assert refusal(Bench().read(card)) == "card.damaged"
        assert refusal(Bench().write(card, NEW)) == "card.damaged"
        assert says(asyncio.run(Bench().issue(card, NEW)), NEW)
        assert says(asyncio.run(Bench().read(card)), NEW)


class WornClassic(VirtualClassic):
    """A card whose block 6 takes no more writes and says nothing about it."""

    def exchange(self, request):
        if request[:2] == b"\xa0\x06":
            return 0, b""
        return VirtualClassic.exchange(self, request)


def test_a_card_that_does_not_keep_what_is_written_is_damaged():
    worn = WornClassic(PLAIN_UID, new_plain_card().keys)
    assert refusal(Bench().issue(worn, OLD)) == "card.damaged"


def test_a_card_that_was_never_written_is_blank():
    for card in (new_secure_card(), new_plain_card()):
        assert refusal(Bench().read(card)) == "card.blank"
        assert says(asyncio.run(Bench().write(card, NEW)), NEW)
        assert says(asyncio.run(Bench().read(card)), NEW)


def test_a_scale_writes_no_card():
    for card in (issued(new_secure_card()), issued(new_plain_card())):
        assert refusal(Bench(may_write=False).write(card, NEW)) == "card.read_only"
        assert refusal(Bench(may_write=False).issue(card, NEW)) == "card.read_only"
        assert says(asyncio.run(Bench().read(card)), OLD)


def test_no_stock_goes_onto_a_card_that_cannot_prove_itself():
    card = issued(new_plain_card())
    assert refusal(Bench().write(card, STOCK)) == "card.identifier_only"
    assert says(asyncio.run(Bench().read(card)), OLD)


def test_more_than_fits_is_refused_before_anything_is_written():
    lots = tuple([(number, "3502000020001%07d" % number) for number in range(1, 25)])
    card = issued(new_secure_card())
    assert refusal(Bench().write(card, Contents(SELLER, "三号摊", lots))) == "card.full"
    assert says(asyncio.run(Bench().read(card)), OLD)
    plain = issued(new_plain_card())
    assert says(
        asyncio.run(Bench().write(plain, Contents(SELLER, "三号摊", lots[:20]))), Contents(SELLER, "三号摊", lots[:20])
    )
    five = Contents(SELLER, "三号摊", lots[:5])
    assert says(asyncio.run(Bench().write(card, five)), five)


def test_keys_change_while_cards_are_in_the_field():
    for card in (issued(new_secure_card(version=1)), issued(new_plain_card(version=1))):
        both = Bench(versions=(1, 2))
        assert says(asyncio.run(both.read(card)), OLD)
        assert says(asyncio.run(both.write(card, NEW)), NEW)  # sealed with version 2, behind the card's version 1
        assert says(asyncio.run(Bench(versions=(1, 2)).read(card)), NEW)


def test_a_reader_that_falls_silent_is_unavailable_and_woken_again():
    card = issued(new_secure_card())
    bench = Bench()
    bench.line.place(card)
    bench.line.is_dead = True
    assert refusal(bench.reader.next_card()) == "reader.silent"
    bench.line.is_dead = False
    assert asyncio.run(bench.reader.next_card()).uid == SECURE_UID


def test_noise_on_the_line_is_passed_over_or_said():
    for noise in (
        b"\x00",
        b"\xff\x00\xff",
        b"\x55" * 30,
        b"\x00\x00\xff\x00\xff\x00",
        b"\x00\x00\xff\x02\xfe\xd5\x41\xea\x00",
    ):
        bench = Bench()
        bench.line.inject(noise)
        assert refusal(bench.chip.start()) is None, noise
    for noise in (
        b"\x00\x00\xff\x02\x00",
        b"\x00\x00\xff\x02\xfe\xd5\x15\x00\x00",
        b"\x00\x00\xff\x01\xff\x7f\x81\x00" * 4,
    ):
        bench = Bench()
        bench.line.inject(noise)
        assert refusal(bench.chip.start()) == "reader.garbled", noise


if __name__ == "__main__":
    new_flash()
    globals()[sys.argv[1]]()
