"""What is owed to cards: kept through a power cut at each step, decided by the deals that were signed, bounded."""

from pathlib import Path

import pytest
from cards.contents import Contents
from terminal.notes import Notes
from terminal.owed import MOST, Owed, Write, digest
from tracewire import record
from tracewire.errors import Rejected, Unavailable

from tests.firmware.terminal.night import BUYER_UID, EMPTY, PIGS, SELLER_UID, STOCK

NEW_LOT = "35020000100050000001"


def owed_at(folder: Path, deals: int) -> Owed:
    """What a terminal owes at power-on, when so many deals were signed."""
    return Owed(Notes(str(folder), slots=4), deals)


def draw(grams: int = 5_000, generation: int = 7, uid: bytes = SELLER_UID) -> Write:
    return Write(uid, generation, digest(STOCK.draw(PIGS, grams)), False, 1, record.pack_digits(PIGS), grams)


def receive() -> Write:
    return Write(BUYER_UID, 3, digest(EMPTY.receive(1, NEW_LOT, 5_000)), True, 1, record.pack_digits(NEW_LOT), 5_000)


def test_a_deal_that_was_signed_is_owed_after_a_power_cut_right_after_its_record(tmp_path: Path) -> None:
    owed_at(tmp_path, 8).stage(9, [draw(), receive()])
    for _ in range(2):
        owed = owed_at(tmp_path, 9)
        assert owed.find(SELLER_UID).row == draw().row
        assert owed.find(BUYER_UID).row == receive().row


def test_a_deal_that_was_not_signed_is_owed_to_nobody_and_the_next_one_takes_its_number(tmp_path: Path) -> None:
    owed_at(tmp_path, 8).stage(9, [draw(), receive()])
    after_the_cut = owed_at(tmp_path, 8)
    assert after_the_cut.find(SELLER_UID) is None
    after_the_cut.stage(9, [draw(grams=700)])
    assert after_the_cut.commit() == []
    for owed in (after_the_cut, owed_at(tmp_path, 9), owed_at(tmp_path, 10)):
        assert owed.find(SELLER_UID).row == draw(grams=700).row
        assert owed.find(BUYER_UID) is None


def test_what_is_settled_is_on_flash_with_the_next_flush(tmp_path: Path) -> None:
    notes = Notes(str(tmp_path), slots=4)
    owed = Owed(notes, 8)
    owed.stage(9, [draw(), receive()])
    owed.commit()
    owed.settle(owed.find(SELLER_UID))
    assert owed_at(tmp_path, 9).find(SELLER_UID).row == draw().row  # not on flash yet: the card is asked once more
    notes.flush()
    again = owed_at(tmp_path, 9)
    assert again.find(SELLER_UID) is None
    assert again.find(BUYER_UID).row == receive().row


def test_a_write_is_on_the_card_when_it_is_one_generation_further_and_says_so() -> None:
    write, after = draw(), STOCK.draw(PIGS, 5_000)
    assert write.is_on(STOCK, 7) is False
    with pytest.raises(Rejected, match=r"card\.rolled_back"):
        write.is_on(STOCK, 6)
    assert write.is_on(after, 8) is True
    assert write.is_on(STOCK.draw(PIGS, 300), 8) is False
    assert write.is_on(after, 9) is None


def test_a_deal_goes_on_top_of_what_another_terminal_wrote(tmp_path: Path) -> None:
    owed = owed_at(tmp_path, 8)
    owed.stage(9, [draw()])
    owed.commit()
    elsewhere = STOCK.draw(PIGS, 300)
    moved = owed.move_on(owed.find(SELLER_UID), elsewhere, 8)
    again = owed_at(tmp_path, 9).find(SELLER_UID)
    assert again.row == moved.row
    assert again.is_on(elsewhere.draw(PIGS, 5_000), 9) is True
    with pytest.raises(Rejected, match=r"card\.overdrawn"):
        owed.move_on(moved, STOCK.draw(PIGS, 79_000), 9)


def test_what_the_flash_refused_is_on_it_before_the_card_is_written(tmp_path: Path) -> None:
    owed = owed_at(tmp_path, 8)
    owed.stage(9, [draw()])
    owed.commit()
    elsewhere, slot = STOCK.draw(PIGS, 300), tmp_path / "notes" / "02"
    slot.mkdir()
    with pytest.raises(Unavailable, match=r"notes\.flash"):
        owed.move_on(owed.find(SELLER_UID), elsewhere, 8)
    slot.rmdir()
    moved = owed.move_on(owed.find(SELLER_UID), elsewhere, 8)
    assert owed_at(tmp_path, 9).find(SELLER_UID).row == moved.row


def test_the_list_is_bounded_and_gives_up_the_oldest(tmp_path: Path) -> None:
    owed = owed_at(tmp_path, 0)
    uids = [bytes((4, 0, 0, 0, 0, 0, number)) for number in range(MOST + 1)]
    given_up: list[Write] = []
    for number, uid in enumerate(uids, 1):
        owed.stage(number, [draw(uid=uid)])
        given_up += owed.commit()
    assert [write.uid for write in given_up] == uids[:1]
    assert given_up[0].describe() == f"card {uids[0].hex()}: draw 5000 g of {PIGS}"
    owed.stage(MOST + 2, [receive()])
    owed.commit()
    for each in (owed, owed_at(tmp_path, MOST + 2)):
        assert each.find(uids[0]) is None and each.find(uids[2]) is not None


def test_what_is_bought_stands_first_and_makes_room() -> None:
    wholesale = Contents("3502000010007", "", ((1, PIGS),), (0,)).receive(2, NEW_LOT, 900)
    assert (wholesale.lots, wholesale.grams) == (((2, NEW_LOT),), (900,))
    retail = Contents("3502000010101", "", ((1, PIGS), (2, PIGS))).receive(2, NEW_LOT, 900)
    assert (retail.lots, retail.grams) == (((2, NEW_LOT), (1, PIGS)), None)
    empty = Contents("3502000010007", "", (), ()).receive(1, NEW_LOT, 900)
    assert (empty.lots, empty.grams) == (((1, NEW_LOT),), (900,))
