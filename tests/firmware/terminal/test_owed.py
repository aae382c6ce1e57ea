"""What is owed to cards: kept through a power cut at each step, decided by the newest record, bounded."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from cards.contents import Contents
from terminal.owed import MOST, Owed, Write
from tracewire.errors import Rejected

from tests.firmware.terminal.night import BUYER_UID, EMPTY, PIGS, SELLER_UID, STOCK

NEW_LOT = "35020000100050000001"


def draw(grams: int = 5_000, generation: int = 7, uid: bytes = SELLER_UID) -> Write:
    return Write(uid, generation, STOCK.draw(PIGS, grams).encode(), False, 1, PIGS, grams)


def receive() -> Write:
    return Write(BUYER_UID, 3, EMPTY.receive(1, NEW_LOT, 5_000).encode(), True, 1, NEW_LOT, 5_000)


def record_of(voucher: str) -> SimpleNamespace:
    """The newest record of a journal, as far as it is asked."""
    return SimpleNamespace(body={"voucher": voucher})


def test_a_deal_that_was_signed_is_owed_after_a_power_cut_before_its_commit(tmp_path: Path) -> None:
    Owed(str(tmp_path)).stage(NEW_LOT, 4, [draw(), receive()])
    after_the_cut = Owed(str(tmp_path))
    assert after_the_cut.recover(record_of(NEW_LOT)) == 4
    assert after_the_cut.commit() == []
    for owed in (after_the_cut, Owed(str(tmp_path))):
        assert owed.find(SELLER_UID).row == draw().row
        assert owed.find(BUYER_UID).row == receive().row
        assert owed.recover(record_of(NEW_LOT)) is None


@pytest.mark.parametrize("newest", [None, SimpleNamespace(body={}), record_of("35020000100050000002")])
def test_a_deal_that_was_not_signed_is_owed_to_nobody(tmp_path: Path, newest: SimpleNamespace | None) -> None:
    Owed(str(tmp_path)).stage(NEW_LOT, 4, [draw(), receive()])
    after_the_cut = Owed(str(tmp_path))
    assert after_the_cut.recover(newest) is None
    assert Owed(str(tmp_path)).find(SELLER_UID) is None


def test_a_write_is_on_the_card_when_it_is_one_generation_further_and_says_so(tmp_path: Path) -> None:
    write, after = draw(), STOCK.draw(PIGS, 5_000)
    assert write.is_on(STOCK, 7) is False
    assert write.is_on(after, 8) is True
    assert write.is_on(STOCK.draw(PIGS, 300), 8) is False
    assert write.is_on(after, 9) is None


def test_a_deal_goes_on_top_of_what_another_terminal_wrote(tmp_path: Path) -> None:
    owed = Owed(str(tmp_path))
    owed.stage(NEW_LOT, 4, [draw()])
    owed.commit()
    elsewhere = STOCK.draw(PIGS, 300)
    moved = owed.move_on(owed.find(SELLER_UID), elsewhere, 8)
    again = Owed(str(tmp_path)).find(SELLER_UID)
    assert again.row == moved.row
    assert again.is_on(elsewhere.draw(PIGS, 5_000), 9) is True
    with pytest.raises(Rejected, match=r"card\.overdrawn"):
        owed.move_on(moved, STOCK.draw(PIGS, 79_000), 9)


def test_the_list_is_bounded_and_gives_up_the_oldest(tmp_path: Path) -> None:
    owed = Owed(str(tmp_path))
    uids = [bytes((4, 0, 0, 0, 0, 0, number)) for number in range(MOST + 1)]
    given_up: list[Write] = []
    for uid in uids:
        owed.stage(NEW_LOT, 4, [draw(uid=uid)])
        given_up += owed.commit()
    assert [write.uid for write in given_up] == uids[:1]
    assert given_up[0].describe() == f"card {uids[0].hex()}: draw 5000 g of {PIGS}"
    assert owed.find(uids[0]) is None and owed.find(uids[1]) is not None


def test_what_is_bought_stands_first_and_makes_room() -> None:
    wholesale = Contents("3502000010007", "", ((1, PIGS),), (0,)).receive(2, NEW_LOT, 900)
    assert (wholesale.lots, wholesale.grams) == (((2, NEW_LOT),), (900,))
    retail = Contents("3502000010101", "", ((1, PIGS), (2, PIGS))).receive(2, NEW_LOT, 900)
    assert (retail.lots, retail.grams) == (((2, NEW_LOT), (1, PIGS)), None)
    empty = Contents("3502000010007", "", (), ()).receive(1, NEW_LOT, 900)
    assert (empty.lots, empty.grams) == (((1, NEW_LOT),), (900,))
