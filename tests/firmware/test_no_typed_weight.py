"""No sequence of keys makes a weight: whatever is pressed, a record's mass is what lay on the pan."""

import random
from pathlib import Path

import pytest
from tracewire import record

from simulators.scale_process import ScaleProcess
from tests.firmware.bench import audits, open_and_close
from tests.firmware.evidence import history
from tests.firmware.test_scale_process import Tell, at_the_scale, enrolled, flash, image, sign_in

__all__ = ("at_the_scale", "enrolled", "flash", "image")  # fixtures, used by name

KEYS = (
    *[f"plu{number}" for number in range(1, 9)],
    *[f"digit{number}" for number in range(10)],
    *["plu1", "set", "tare", "zero", "clear"] * 3,
    "menu",
)
LOADS = (0, 520, 1200)
KEYS_AT_EACH = 120
E_GRAMS = 5


async def press_at_random(scale: ScaleProcess, chance: random.Random, keys: int = KEYS_AT_EACH) -> None:
    for _ in range(keys):
        await scale.press(chance.choice(KEYS))
    for key in ("menu", *["clear"] * 8):  # the type plate, up to its last line: all keys before have been answered
        await scale.press(key)
    await scale.wait_for_message("事件计数")


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_keyed_every_mass_on_record_lay_on_the_pan(
    at_the_scale: Tell, image: Path, flash: Path, seed: int
) -> None:
    chance = random.Random(seed)
    at_the_scale(sign_in)
    for grams in LOADS:

        async def story(scale: ScaleProcess, grams: int = grams) -> None:
            await scale.put_load(grams)
            await scale.wait_until(lambda: "stable" in scale.lamps and ("zero" in scale.lamps) == (grams == 0))
            await press_at_random(scale, chance)

        at_the_scale(story)

    async def without_paper_and_sealed(scale: ScaleProcess) -> None:
        await scale.set_printer("paper_out")
        await scale.put_load(LOADS[1])
        await scale.wait_until(lambda: "stable" in scale.lamps)
        await press_at_random(scale, chance, KEYS_AT_EACH // 2)
        await open_and_close(scale)
        for _ in range(KEYS_AT_EACH // 2):
            await scale.press(chance.choice(KEYS))
        await scale.press("clear")
        await scale.wait_for_message("致电计量监管")

    at_the_scale(without_paper_and_sealed)
    records = history(image, flash)
    weighings = {one.seq: one.body for one in records if one.kind == record.WEIGHING}
    sales = [one for one in records if one.kind == record.SALE]
    assert sales
    locked = next(one.seq for one in records if audits([one]) == ["locked"])
    assert all(sale.seq < locked for sale in sales)
    for body in weighings.values():
        assert min(abs(body["gross_grams"] - grams) for grams in LOADS[1:]) <= E_GRAMS, body
        assert body["net_grams"] == body["gross_grams"] - body["tare_grams"]
    for sale in sales:
        weighed = weighings[sale.seq - sale.body["weighing_back"]]
        assert (sale.body["net_grams"], sale.body["tare_grams"]) == (weighed["net_grams"], weighed["tare_grams"])
