"""A wholesale terminal is sealed by law: an opened case locks it, and only the authority's answer unlocks it."""

from pathlib import Path

from tracewire import record

from simulators.terminal_process import TerminalProcess
from tests.firmware.bench import adjust, audits, open_and_close, unlock_by_telephone
from tests.firmware.evidence import bodies, history, kinds
from tests.firmware.terminal.night import BUYER_UID, EMPTY, SELLER_UID, STOCK, Tell, deal, on, secure, show, weigh


def test_an_opened_case_locks_the_terminal_through_a_power_cut(
    in_the_hall: Tell, authority: Path, image: Path, flash: Path
) -> None:
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)

    async def story(terminal: TerminalProcess) -> None:
        await open_and_close(terminal)
        await terminal.restart()
        await terminal.wait_until(lambda: "机箱被打开，秤已锁 询问码" in terminal.screen[3])
        await show(terminal, seller, "批发七号")
        await show(terminal, buyer, "A12号")
        await weigh(terminal, 12_500)
        for key in ("set", "plu1"):
            await terminal.press(key)
            await terminal.wait_for_answer("秤已锁，不能销售")
        await unlock_by_telephone(terminal, authority, "hall-0002")
        await terminal.remove_load()
        await terminal.press("clear")
        await terminal.wait_for_answer("已清除")
        await deal(terminal, seller, buyer, 10_000)

    in_the_hall(story)
    records = history(image, flash)
    assert audits(records) == ["case_opened", "locked", "unlocked"]
    assert [body["outputs"][0][1] for body in bodies(records, record.MOVEMENT)] == [10_000]
    assert on(seller).grams == (70_000,)


def test_a_deal_begun_before_the_case_was_opened_is_not_signed(in_the_hall: Tell, image: Path, flash: Path) -> None:
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)

    async def story(terminal: TerminalProcess) -> None:
        await show(terminal, seller, "批发七号")
        await show(terminal, buyer, "A12号")
        await weigh(terminal, 12_500)
        await terminal.open_case()
        await terminal.press("set")
        await terminal.wait_for_answer("秤已锁，不能销售")

    in_the_hall(story)
    assert "movement" not in kinds(history(image, flash))


def test_the_terminal_shows_who_it_is_and_its_boot_record_says_the_same(
    in_the_hall: Tell, image: Path, flash: Path
) -> None:
    texts = ["P2026000124", "R0001", "V0001", "S88214", "CPA 2026F101-36"]
    assert "seal.closed" in adjust(image, flash, {2: texts}, "whole", "terminal")
    assert "changed: 5" in adjust(image, flash, {2: texts}, "broken", "terminal")

    async def story(terminal: TerminalProcess) -> None:
        await terminal.press("clear")
        await terminal.wait_for_answer("已清除")
        for text in ("生产码 P2026000124", *texts[1:], "chengxin-terminal", "事件计数 5"):
            await terminal.press("clear")
            await terminal.wait_for_answer(text)

    in_the_hall(story)
    boots = bodies(history(image, flash), record.BOOT)
    assert [boot["software"].split()[0] for boot in boots] == ["chengxin-terminal"] * 3
    assert boots[-1]["seal_number"] == "S88214"
    assert "seal_number" not in boots[0]


def test_a_terminal_on_a_sealed_module_weighs_what_the_module_says_and_nothing_when_it_falls_silent(
    in_the_hall: Tell, image: Path, flash: Path
) -> None:
    assert "changed: 1" in adjust(image, flash, {1: {16: "module"}}, "broken", "terminal")
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)

    async def story(terminal: TerminalProcess) -> None:
        await show(terminal, seller, "批发七号")
        await show(terminal, buyer, "A12号")
        await weigh(terminal, 12_500)
        await terminal.set_module("silent")
        await terminal.wait_for_answer("称重模块无应答")
        await terminal.press("set")
        await terminal.wait_for_answer("无称重信号")
        await terminal.set_module("ok")
        await weigh(terminal, 12_500)
        await terminal.press("set")
        await terminal.wait_for_answer("已成交 12.500 kg")

    in_the_hall(story)
    assert [body["net_grams"] for body in bodies(history(image, flash), record.WEIGHING)] == [12_500]
