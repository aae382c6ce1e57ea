"""Cards at a wholesale terminal: what is refused, what is printed, and what no hand and no power cut can double."""

from pathlib import Path

from cards.contents import Contents
from cards.keyring import CardKeys
from tracewire import cbor, feed, record

from simulators import flash_files
from simulators.printer import Printer
from simulators.terminal_process import TerminalProcess
from tests.firmware.evidence import bodies, history, kinds, stop
from tests.firmware.terminal.night import (
    BUYER_UID,
    EMPTY,
    PIGS,
    PLAIN_UID,
    RIBS,
    SELLER_UID,
    STALL,
    STOCK,
    WHOLESALER,
    Tell,
    copy,
    on,
    plain,
    rewrite,
    secure,
    show,
    weigh,
)

ANOTHER_CITY = CardKeys(1, *[bytes((90 + place,)) * 16 for place in range(5)])


def moved_grams(image: Path, flash: Path) -> list[int]:
    return [body["outputs"][0][1] for body in bodies(history(image, flash), record.MOVEMENT)]


def test_more_than_the_card_holds_is_refused_with_what_is_left(in_the_hall: Tell, image: Path, flash: Path) -> None:
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)

    async def story(terminal: TerminalProcess) -> None:
        await show(terminal, seller, "批发七号 1:…0000001 80.000kg")
        await show(terminal, buyer, "A12号 无批次")
        await weigh(terminal, 80_500)
        await terminal.press("set")
        await terminal.wait_for_answer("超过卡上余量，剩余 80.000 kg")
        await weigh(terminal, 79_500)
        await terminal.press("set")
        await terminal.wait_for_answer("已成交 79.500 kg")

    in_the_hall(story)
    assert kinds(history(image, flash)) == ["boot", "audit", "weighing", "weighing", "movement"]
    assert [body["detail"] for body in bodies(history(image, flash), record.AUDIT)] == ["card.overdrawn"]
    assert moved_grams(image, flash) == [79_500]


def test_a_load_is_dealt_in_once_and_nothing_is_signed_before_all_is_known(
    in_the_hall: Tell, image: Path, flash: Path
) -> None:
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)

    async def story(terminal: TerminalProcess) -> None:
        for key, answer in (("set", "请销货方刷卡"), ("plu2", "请销货方刷卡"), ("digit3", "请销货方刷卡")):
            await terminal.press(key)
            await terminal.wait_for_answer(answer)
            await terminal.press("clear")
            await terminal.wait_for_answer("已清除")
        await show(terminal, seller, "批发七号")
        await terminal.press("plu2")
        await terminal.wait_for_answer("卡上无此批次")
        await terminal.press("set")
        await terminal.wait_for_answer("低于最小称量")
        await weigh(terminal, 5_000)
        await terminal.press("set")
        await terminal.wait_for_answer("请购货方刷卡")
        await show(terminal, buyer, "A12号")
        await terminal.press("set")
        await terminal.wait_for_answer("已成交 5.000 kg")
        await show(terminal, buyer, "已写卡")
        await show(terminal, seller, "已写卡 批发七号 1:…0000001 75.000kg")
        await show(terminal, seller, "批发七号")
        await show(terminal, buyer, "A12号")
        await terminal.press("set")
        await terminal.wait_for_answer("本次称重已用")

    in_the_hall(story)
    assert moved_grams(image, flash) == [5_000]


def test_a_lot_is_chosen_by_its_key_and_split_into_shares(in_the_hall: Tell, image: Path, flash: Path) -> None:
    two = Contents(WHOLESALER, "批发七号", ((1, PIGS), (2, RIBS)), (80_000, 30_000))
    seller, buyer = secure(SELLER_UID, two), secure(BUYER_UID, EMPTY)

    async def story(terminal: TerminalProcess) -> None:
        for shares, grams in (("3", "10.000"), ("1", "20.000")):
            await show(terminal, seller, "2:…0000002")
            await show(terminal, buyer, "A12号")
            await terminal.press("set")
            await terminal.wait_for_answer("请按键选批次")
            await terminal.press("plu2")
            await terminal.wait_for_answer("已选批次 …0000002")
            await terminal.press("digit" + shares)
            await terminal.wait_for_answer(f"整批分成 {shares} 份，取 1 份 {grams} kg")
            await terminal.press("set")
            await terminal.wait_for_answer(f"已成交 {grams} kg")
            await show(terminal, buyer, "已写卡")
            await show(terminal, seller, "已写卡")

    in_the_hall(story)
    bodies_ = bodies(history(image, flash), record.MOVEMENT)
    assert [(body["inputs"], body["goods"], body.get("weighing_back")) for body in bodies_] == [
        (((RIBS, 10_000),), "排骨", None), (((RIBS, 20_000),), "排骨", None),
    ]  # fmt: skip
    assert on(seller).grams == (80_000, 0)


def test_buyer_and_seller_are_two_and_a_third_card_waits(in_the_hall: Tell, image: Path, flash: Path) -> None:
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)
    same = secure(b"\x04\x77\x77\x77\x77\x77\x77", Contents(WHOLESALER, "批发七号", ()))
    third = secure(b"\x04\x88\x88\x88\x88\x88\x88", Contents("3502000010102", "B07号", ()))

    async def story(terminal: TerminalProcess) -> None:
        await show(terminal, seller, "批发七号")
        await show(terminal, same, "购销双方为同一人")
        await show(terminal, buyer, "A12号")
        await show(terminal, third, "交易未完成")

    in_the_hall(story)
    assert kinds(history(image, flash)) == ["boot"]


def test_false_cards_sell_and_buy_nothing(in_the_hall: Tell, image: Path, flash: Path) -> None:
    honest = plain(PLAIN_UID, EMPTY)
    foreign = secure(BUYER_UID, EMPTY, ANOTHER_CITY)
    stolen = plain(b"\x2b\x09\x09\x09", EMPTY)
    backup = copy(honest)
    stolen.memory["blocks"] = honest.memory["blocks"]
    seller = secure(SELLER_UID, STOCK)

    async def story(terminal: TerminalProcess) -> None:
        await show(terminal, foreign, "不是本系统的卡")
        await show(terminal, stolen, "此卡为复制卡")
        await deal_with_plain(terminal, seller, honest)
        await show(terminal, backup, "被退回旧值")

    in_the_hall(story)
    assert moved_grams(image, flash) == [6_000]


async def deal_with_plain(terminal: TerminalProcess, seller: object, buyer: object) -> None:
    await show(terminal, seller, "批发七号")  # type: ignore[arg-type]
    await show(terminal, buyer, "A12号")  # type: ignore[arg-type]
    await weigh(terminal, 6_000)
    await terminal.press("set")
    await terminal.wait_for_answer("已成交")
    await show(terminal, buyer, "已写卡 A12号 1:")  # type: ignore[arg-type]


def test_a_card_that_only_identifies_sells_without_stock_and_is_not_written(
    in_the_hall: Tell, image: Path, flash: Path
) -> None:
    seller = plain(PLAIN_UID, Contents(WHOLESALER, "批发七号", ((1, PIGS),)))
    buyer = secure(BUYER_UID, EMPTY)
    slips: list[bytes] = []

    async def story(terminal: TerminalProcess) -> None:
        await show(terminal, seller, "批发七号 1:…0000001")
        await show(terminal, buyer, "A12号")
        await terminal.press("digit2")
        await terminal.wait_for_answer("此卡无库存，请过秤")
        await terminal.press("clear")
        await weigh(terminal, 140_000)  # more than anybody knows of: the cloud balances the lot
        await terminal.press("set")
        await terminal.wait_for_answer("已成交 140.000 kg")
        slips.append(await terminal.next_slip())
        before = copy(seller)
        await show(terminal, seller, "批发七号")
        assert seller.memory["blocks"] == before.memory["blocks"]

    in_the_hall(story)
    assert moved_grams(image, flash) == [140_000]
    assert "上市凭证" in "".join(Printer().render(slips[0]).lines)


def test_a_card_pulled_out_while_it_is_written_is_served_at_the_next_tap(
    in_the_hall: Tell, image: Path, flash: Path
) -> None:
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)

    async def story(terminal: TerminalProcess) -> None:
        await show(terminal, seller, "批发七号")
        await show(terminal, buyer, "A12号")
        await weigh(terminal, 10_000)
        await terminal.press("set")
        await terminal.wait_for_answer("已成交")
        for card, name in ((seller, "批发七号"), (buyer, "A12号")):
            for moment in ("lost", "torn", "kept"):
                await terminal.pull_card_after(11, moment)
                await show(terminal, card, "卡已离开")
            await show(terminal, card, "已写卡 " + name)

    in_the_hall(story)
    assert on(seller).grams == (70_000,)
    assert len(on(buyer).lots) == 1
    assert moved_grams(image, flash) == [10_000]


def test_a_power_cut_before_the_cards_are_written_leaves_them_owed(in_the_hall: Tell, image: Path, flash: Path) -> None:
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)

    async def story(terminal: TerminalProcess) -> None:
        for night in range(3):
            await show(terminal, seller, "批发七号")
            await show(terminal, buyer, "A12号")
            await weigh(terminal, 10_000)
            await terminal.press("set")
            await terminal.wait_for_answer("已成交")
            await terminal.kill()
            await terminal.remove_load()
            await terminal.start()
            await show(terminal, buyer, "已写卡 A12号")
            await show(terminal, seller, f"已写卡 批发七号 1:…0000001 {70 - 10 * night}.000kg")
            await show(terminal, seller, "批发七号")  # and now it sells again
            await terminal.press("clear")
            await terminal.wait_for_answer("已清除")

    in_the_hall(story)
    assert on(seller).grams == (50_000,)
    assert moved_grams(image, flash) == [10_000, 10_000, 10_000]


def test_a_card_that_another_terminal_sold_from_is_drawn_on_top_or_left_alone(
    in_the_hall: Tell, image: Path, flash: Path
) -> None:
    """While a write is owed the card is used elsewhere: once, and it follows; twice, and nobody can tell any more."""
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)

    async def story(terminal: TerminalProcess) -> None:
        for elsewhere, answer in ((1, "已写卡 批发七号 1:…0000001 69.000kg"), (2, "此卡在别处改过，未写卡，已上报")):
            await show(terminal, seller, "批发七号")
            await show(terminal, buyer, "A12号")
            await weigh(terminal, 10_000)
            await terminal.press("set")
            await terminal.wait_for_answer("已成交")
            await show(terminal, buyer, "已写卡")
            for _ in range(elsewhere):
                rewrite(seller, on(seller).draw(PIGS, 1_000))
            await show(terminal, seller, answer)
            await terminal.remove_load()
            await terminal.wait_for_lamp("zero")

    in_the_hall(story)
    assert on(seller).grams == (67_000,)
    details = [body["detail"] for body in bodies(history(image, flash), record.AUDIT)]
    assert details == [f"card {SELLER_UID.hex()}: draw 10000 g of {PIGS}"]


def test_a_frozen_lot_is_not_dealt_in_and_stock_that_the_cloud_told_counts(
    in_the_hall: Tell, image: Path, flash: Path
) -> None:
    two = Contents(WHOLESALER, "批发七号", ((1, PIGS), (2, RIBS)), (80_000, 30_000))
    seller, buyer = secure(SELLER_UID, two), secure(BUYER_UID, EMPTY)
    stands = [[feed.FREEZE, 3, [[PIGS]]], [feed.STOCK, 2, [[RIBS, 4_000]]]]  # as statements from the cloud leave it
    flash_files.write(image, flash, {"downlink.cbor": cbor.encode(stands)})

    async def story(terminal: TerminalProcess) -> None:
        await show(terminal, seller, "批发七号")
        await show(terminal, buyer, "A12号")
        await weigh(terminal, 5_000)
        for key, answer in (("plu1", "此批次已冻结"), ("plu2", "超出批次余量，剩余 4000 g")):
            await terminal.press(key)
            await terminal.press("set")
            await terminal.wait_for_answer(answer)
        await weigh(terminal, 3_000)
        await terminal.press("set")
        await terminal.wait_for_answer("已成交 3.000 kg")

    in_the_hall(story)
    assert moved_grams(image, flash) == [3_000]


def test_a_printer_without_paper_stops_no_deal_and_the_buyer_prints_the_voucher_later(
    in_the_hall: Tell, image: Path, flash: Path
) -> None:
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)
    slips: list[bytes] = []

    async def story(terminal: TerminalProcess) -> None:
        await terminal.press("digit0")
        await terminal.wait_for_answer("无凭证可补打")
        await terminal.set_printer("paper_out")
        await deal_without_waiting(terminal)
        await terminal.wait_for_answer("打印机缺纸")
        await terminal.set_printer("ok")
        await terminal.restart()
        await terminal.press("digit0")  # nobody's card: what is owed, both copies
        slips.extend([await terminal.next_slip(), await terminal.next_slip()])
        await terminal.wait_for_answer("已补打 2 张，还有 0 张")
        await terminal.press("digit0")  # nothing is owed any more: the newest one
        assert [await terminal.next_slip(), await terminal.next_slip()] == slips
        await terminal.wait_for_answer("已补打 2 张")
        await show(terminal, buyer, "已写卡")
        await show(terminal, buyer, "A12号")
        await terminal.press("digit0")
        slips.append(await terminal.next_slip())
        await terminal.wait_for_answer("已补打 1 张")

    async def deal_without_waiting(terminal: TerminalProcess) -> None:
        await show(terminal, seller, "批发七号")
        await show(terminal, buyer, "A12号")
        await weigh(terminal, 10_000)
        await terminal.press("set")

    in_the_hall(story)
    papers = [Printer().render(slip) for slip in slips]
    assert len({paper.codes[0][0] for paper in papers}) == 1
    assert [any("补打联" in line for line in paper.lines) for paper in papers] == [False, False, True]
    assert moved_grams(image, flash) == [10_000]
    assert STALL in "".join(papers[2].lines)


def test_a_lost_card_and_a_suspended_holder_take_part_in_no_deal(in_the_hall: Tell, image: Path, flash: Path) -> None:
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)
    suspended = secure(b"\x04\x88\x88\x88\x88\x88\x88", Contents("3502000010102", "B07号", ()))

    async def refused(terminal: TerminalProcess) -> None:
        await show(terminal, seller, "此卡已挂失，请交市场办公室")
        await show(terminal, suspended, "商户已暂停经营，请到市场办公室")
        await show(terminal, buyer, "A12号 无批次")

    async def found_again(terminal: TerminalProcess) -> None:
        await show(terminal, seller, "批发七号")
        await show(terminal, suspended, "B07号")

    stop(image, flash, ["3502000010102"], [SELLER_UID])
    in_the_hall(refused)
    stop(image, flash)
    in_the_hall(found_again)
    told = [body["detail"] for body in bodies(history(image, flash), record.AUDIT)]
    assert told == ["card.lost", "card.suspended"]


def test_a_signed_deal_is_written_to_the_card_of_a_holder_who_was_suspended_since(
    in_the_hall: Tell, image: Path, flash: Path
) -> None:
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)

    async def deal(terminal: TerminalProcess) -> None:
        await show(terminal, seller, "批发七号")
        await show(terminal, buyer, "A12号")
        await weigh(terminal, 5_000)
        await terminal.press("set")
        await terminal.wait_for_answer("已成交")

    async def settle(terminal: TerminalProcess) -> None:
        await show(terminal, buyer, "已写卡 A12号 1:")
        await show(terminal, buyer, "商户已暂停经营")

    in_the_hall(deal)
    stop(image, flash, [STALL])
    in_the_hall(settle)
    assert len(on(buyer).lots) == 1
