"""The shipped firmware of a wholesale terminal on the real interpreter: two cards, a weight, a voucher."""

import asyncio
from pathlib import Path

from simulators.printer import Printer
from simulators.scale_process import POWER_ON_MEASURED
from simulators.terminal_process import TerminalProcess
from tests.firmware.evidence import history, kinds
from tests.firmware.terminal.night import (
    BUYER_UID,
    EMPTY,
    PIGS,
    SELLER_UID,
    STALL,
    STOCK,
    WHOLESALER,
    Tell,
    deal,
    on,
    secure,
)


def test_a_deal_is_one_signed_movement_on_two_cards_and_two_vouchers(
    in_the_hall: Tell, image: Path, flash: Path
) -> None:
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)
    slips: list[bytes] = []

    async def story(terminal: TerminalProcess) -> None:
        await deal(terminal, seller, buyer, 12_500)
        slips.extend([await terminal.next_slip(), await terminal.next_slip()])

    in_the_hall(story)
    records = history(image, flash)
    assert kinds(records) == ["boot", "weighing", "movement"]
    moved = records[-1].body
    lot = moved["voucher"]
    assert moved == {
        "movement": 1, "inputs": ((PIGS, 12_500),), "outputs": ((lot, 12_500),), "from_party": WHOLESALER,
        "to_party": STALL, "voucher": lot, "goods": "白条猪肉", "weighing_back": 1,
    }  # fmt: skip
    assert on(seller).grams == (67_500,)
    assert on(buyer).lots == ((1, lot),)
    papers = [Printer().render(slip) for slip in slips]
    assert ["随货联" in "".join(paper.lines) for paper in papers] == [True, False]
    assert ["存根联" in "".join(paper.lines) for paper in papers] == [False, True]
    assert papers[0].codes[0][0].startswith(f"http://127.0.0.1:8080/t/{lot}#")


def test_a_terminal_that_wakes_under_a_load_says_what_mends_its_zero_once_the_load_is_gone(in_the_hall: Tell) -> None:
    async def story(terminal: TerminalProcess) -> None:
        await terminal.kill()
        await terminal.put_load(10_000)
        await terminal.start()
        await terminal.wait_for_lamp("zero")
        await terminal.remove_load()
        await terminal.wait_until(lambda: "请清空后断电重启" in terminal.screen[1])
        await terminal.press("zero")
        await terminal.wait_for_answer("请清空后断电重启")
        await terminal.restart()
        await terminal.wait_until(lambda: terminal.screen[1] == "→0←")

    in_the_hall(story)


def test_a_deal_leaves_ten_kilobytes_of_the_heap_free(image: Path, flash: Path) -> None:
    terminal = TerminalProcess(image, flash)
    terminal.power_on = POWER_ON_MEASURED

    async def night() -> None:
        async with terminal:
            await deal(terminal, secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY), 12_500)
            await terminal.next_slip()

    asyncio.run(night())
    assert terminal.least_free_bytes >= 10_240
