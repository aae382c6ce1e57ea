"""No sequence of keys makes a weight at a terminal: it lay on the scale, or is a share of a card's stock."""

import random
from pathlib import Path

from tracewire import record

from simulators.terminal_process import TerminalProcess
from tests.firmware.bench import audits, open_and_close
from tests.firmware.evidence import history
from tests.firmware.terminal.night import BUYER_UID, EMPTY, SELLER_UID, STOCK, Tell, on, secure, show

KEYS = (
    *[f"plu{number}" for number in range(1, 9)],
    *[f"digit{number}" for number in range(10)],
    *["set", "zero", "tare", "clear"] * 2,
    "menu",
)
LOADS = (0, 12_500, 31_000)
KEYS_AT_EACH = 60
MOST_SHARES = 99
E_GRAMS = 50


async def press_at_random(terminal: TerminalProcess, chance: random.Random, last_answer: str) -> None:
    for _ in range(KEYS_AT_EACH):
        await terminal.press(chance.choice(KEYS))
    for key in ("menu", *["clear"] * 8):
        await terminal.press(key)
    await terminal.wait_for_message(last_answer)


def test_whatever_is_keyed_every_mass_lay_on_the_scale_or_is_a_share_of_the_stock(
    in_the_hall: Tell, image: Path, flash: Path
) -> None:
    chance = random.Random(3)
    seller, buyer = secure(SELLER_UID, STOCK), secure(BUYER_UID, EMPTY)
    stocks: list[int] = []

    async def begin_deal(terminal: TerminalProcess) -> None:
        for _ in range(2):  # the first tap may only write what is owed
            await show(terminal, seller, "批发七号")
        stocks.extend(on(seller).grams or ())
        for _ in range(2):
            await show(terminal, buyer, "A12号")

    async def story(terminal: TerminalProcess) -> None:
        await press_at_random(terminal, chance, "事件计数")
        for grams in LOADS:
            await terminal.put_load(grams)
            await terminal.wait_until(lambda: "stable" in terminal.lamps)
            await begin_deal(terminal)
            await terminal.press("plu1")
            await press_at_random(terminal, chance, "事件计数")
        await terminal.set_printer("paper_out")
        await begin_deal(terminal)
        await terminal.press("digit2")
        await terminal.press("set")
        await terminal.wait_for_answer("打印机缺纸")
        await press_at_random(terminal, chance, "事件计数")
        await begin_deal(terminal)
        await open_and_close(terminal)
        await press_at_random(terminal, chance, "致电计量监管")

    in_the_hall(story)
    records = history(image, flash)
    weighings = {one.seq: one.body for one in records if one.kind == record.WEIGHING}
    deals = [one for one in records if one.kind == record.MOVEMENT]
    locked = next(one.seq for one in records if audits([one]) == ["locked"])
    assert deals and all(deal.seq < locked for deal in deals)
    for body in weighings.values():
        assert min(abs(body["gross_grams"] - grams) for grams in LOADS[1:]) <= E_GRAMS, body
        assert body["net_grams"] == body["gross_grams"] - body["tare_grams"]
    for deal in deals:
        grams = deal.body["outputs"][0][1]
        if "weighing_back" in deal.body:
            assert grams == weighings[deal.seq - deal.body["weighing_back"]]["net_grams"]
        else:
            assert any(grams == stock // shares for stock in stocks for shares in range(1, MOST_SHARES + 1)), grams
