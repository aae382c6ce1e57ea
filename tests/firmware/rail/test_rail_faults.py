"""A slaughter line on the real interpreter: power cuts, empty hooks, sides, what is destroyed."""

import asyncio
from pathlib import Path

import pytest
from tracewire import record
from tracewire.errors import Misuse

from provisioning import config
from simulators.rail_process import RailProcess
from tests.firmware.evidence import bodies, history, kinds
from tests.firmware.rail.line import SETUP, WITH_SIDES, Tell, bring_lot, enrol_line, tag, weigh


def test_power_cuts_between_carcasses_lose_none_and_repeat_none(at_the_line: Tell, image: Path, flash: Path) -> None:
    async def story(line: RailProcess) -> None:
        await bring_lot(line)
        for number in range(1, 7):
            await line.hang(88_000 + 1000 * number)
            await line.read_tag(tag(number))
            await line.wait_for_beep("done")
            await line.kill()  # the moment it was said to be recorded
            await line.remove_load()
            await line.start()
            await line.hang(88_000 + 1000 * number)  # hung again, to see what the line remembers
            await line.read_tag(tag(number))
            await line.wait_for_message("耳标重复")
            await line.take_off()

    at_the_line(story)
    records = history(image, flash)
    carcasses = bodies(records, record.CARCASS)
    assert [body["ear_tag"] for body in carcasses] == [tag(number) for number in range(1, 7)]
    assert kinds(records).count("boot") == 7
    assert kinds(records).count("audit") == 6


def test_a_carcass_that_was_not_recorded_when_the_power_went_is_weighed_again(
    at_the_line: Tell, image: Path, flash: Path
) -> None:
    async def story(line: RailProcess) -> None:
        await bring_lot(line)
        await line.hang(90_000)
        await line.wait_for_rest(90_000)
        await line.kill()
        await line.start()
        await line.wait_for_text("请清空")
        await line.take_off()
        await weigh(line, 90_000, tag(1))

    at_the_line(story)
    assert [body["ear_tag"] for body in bodies(history(image, flash), record.CARCASS)] == [tag(1)]


def test_what_is_brought_to_be_destroyed_must_weigh_what_was_condemned(
    at_the_line: Tell, image: Path, flash: Path
) -> None:
    async def story(line: RailProcess) -> None:
        await bring_lot(line)
        await line.press("digit2")
        await line.wait_for_message("无待处置胴体")
        await line.press("digit1")
        await line.wait_for_message("轨道上无胴体")
        await line.hang(90_000)
        await line.wait_for_rest(90_000)
        await line.press("digit1")  # condemned before its tag was read: it gets a number
        await line.wait_for_message("已判不合格")
        await line.take_off()
        await line.press("digit2")
        await line.hang(60_000)
        await line.wait_for_message("重量与不合格胴体不符")
        await line.take_off()
        await line.hang(89_000)
        await line.wait_for_rest(89_000)
        await line.press("digit2")
        await line.wait_for_message("已处置 1 头")
        await line.take_off()

    at_the_line(story)
    records = history(image, flash)
    assert len(bodies(records, record.CARCASS)) == 1
    assert [body["waste_grams"] for body in bodies(records, record.MOVEMENT)] == [89_000]
    assert [body["detail"] for body in bodies(records, record.AUDIT)] == ["90000 g condemned, 60000 g brought"]
    assert [body["net_grams"] for body in bodies(records, record.WEIGHING)] == [90_000, 60_000, 89_000]


def test_an_empty_hook_is_no_carcass_and_a_hook_is_tared(at_the_line: Tell, image: Path, flash: Path) -> None:
    async def story(line: RailProcess) -> None:
        await bring_lot(line)
        await line.hang(3_000)
        await line.wait_for_rest(3_000)
        await line.press("tare")
        await line.wait_for_lamp("net")
        await line.hang(93_000)
        await line.read_tag(tag(1))
        await line.wait_for_beep("done")

    at_the_line(story)
    records = history(image, flash)
    assert [body["hot_grams"] for body in bodies(records, record.CARCASS)] == [90_000]
    assert bodies(records, record.WEIGHING)[-1]["tare_grams"] == 3_000


def test_two_sides_of_a_carcass_share_its_tag_and_a_third_is_refused(
    authority: Path, image: Path, tmp_path: Path
) -> None:
    setup = config.Setup(**{**vars(SETUP), "rail": WITH_SIDES})
    flash = enrol_line(authority, image, tmp_path / "line.flash", setup, "line-0002")

    async def story() -> None:
        async with RailProcess(image, flash) as line:
            await bring_lot(line)
            await weigh(line, 45_000, tag(1))
            await weigh(line, 44_000, tag(1))
            await line.hang(46_000)
            await line.wait_for_rest(46_000)
            await line.read_tag(tag(1))
            await line.wait_for_message("耳标重复")
            await line.press("digit0")
            await line.wait_for_message("无耳标")

    asyncio.run(story())
    carcasses = bodies(history(image, flash), record.CARCASS)
    assert [(body.get("ear_tag"), body["side"]) for body in carcasses] == [(tag(1), 1), (tag(1), 2), (None, 1)]


def test_a_board_that_was_enrolled_as_a_counter_scale_is_no_line(authority: Path, image: Path, tmp_path: Path) -> None:
    setup = config.Setup(**{**vars(SETUP), "rail": None})
    with pytest.raises(Misuse, match="table rail"):
        enrol_line(authority, image, tmp_path / "line.flash", setup, "line-0003")
