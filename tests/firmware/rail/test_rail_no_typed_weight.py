"""No sequence of keys makes a weight at the rail: a carcass weighs what hung there, a voucher what its carcasses do."""

import random
from pathlib import Path

from tracewire import cbor, record

from simulators.rail_process import RailProcess
from tests.firmware.bench import audits, open_and_close
from tests.firmware.evidence import history
from tests.firmware.rail.line import BUYER, Tell, bring_lot, tag

KEYS = (
    *[f"plu{number}" for number in range(1, 9)],
    *[f"digit{number}" for number in range(10)],
    *["zero", "tare", "clear", "plu1", "set", "menu"],
)
CARCASSES = (91_200, 84_300, 77_700)
KEYS_AT_EACH = 50
E_GRAMS = 100


async def press_at_random(line: RailProcess, chance: random.Random) -> None:
    for _ in range(KEYS_AT_EACH):
        await line.press(chance.choice(KEYS))
    await line.press("plu1")


def test_whatever_is_keyed_every_carcass_weighs_what_hung(at_the_line: Tell, image: Path, flash: Path) -> None:
    chance = random.Random(4)
    buyer = cbor.encode({1: record.pack_digits(BUYER), 2: "八市12号", 3: []})

    async def story(line: RailProcess) -> None:
        await bring_lot(line)
        for number, grams in enumerate(CARCASSES):
            await line.hang(grams)
            await line.read_tag(tag(number))
            await line.wait_until(lambda: "stable" in line.lamps and "zero" not in line.lamps)
            await press_at_random(line, chance)
            await line.wait_for_message("批次 绿源")
            await line.remove_load()
            await line.wait_until(lambda: "stable" in line.lamps and "-" not in line.screen[0])
        await line.set_printer("paper_out")
        await line.present_card(buyer)
        await line.take_card()
        await press_at_random(line, chance)
        await line.wait_for_message("批次 绿源")
        await open_and_close(line)
        await line.hang(CARCASSES[0])
        await press_at_random(line, chance)
        await line.wait_for_message("秤已锁")

    at_the_line(story)
    records = history(image, flash)
    locked = next(one.seq for one in records if audits([one]) == ["locked"])
    carcasses = [one for one in records if one.kind == record.CARCASS]
    weighings = {one.seq: one.body for one in records if one.kind == record.WEIGHING}
    assert carcasses and all(carcass.seq < locked for carcass in carcasses)
    for body in weighings.values():
        assert min(abs(body["gross_grams"] - grams) for grams in CARCASSES) <= E_GRAMS, body
        assert body["net_grams"] == body["gross_grams"] - body["tare_grams"]
    for carcass in carcasses:
        weighed = weighings[carcass.seq - carcass.body["weighing_back"]]
        assert carcass.body["hot_grams"] == weighed["net_grams"]
    known = {carcass.body["carcass"]: carcass.body["hot_grams"] for carcass in carcasses}
    for movement in [one.body for one in records if one.kind == record.MOVEMENT]:
        assert all(known[code] == grams for code, grams in movement["inputs"])
