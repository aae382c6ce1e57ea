"""A rail scale whose case is opened: it weighs on, records no carcass, and only the authority's answer unlocks it."""

from pathlib import Path

from tracewire import record

from simulators.rail_process import RailProcess
from tests.firmware.bench import audits, open_and_close, unlock_by_telephone
from tests.firmware.evidence import history
from tests.firmware.rail.line import Tell, bring_lot, tag, weigh


def test_an_opened_case_locks_the_line_through_a_power_cut(
    at_the_line: Tell, authority: Path, image: Path, flash: Path
) -> None:
    async def story(line: RailProcess) -> None:
        await bring_lot(line)
        await open_and_close(line)
        await line.restart()
        await line.wait_until(lambda: "询问码" in line.screen[3])
        await line.hang(91_200)
        await line.read_tag(tag(1))
        await line.wait_for_message("秤已锁")
        await line.take_off()
        await unlock_by_telephone(line, authority, "line-0001")
        await weigh(line, 88_000, tag(2))
        await line.take_off()

    at_the_line(story)
    records = history(image, flash)
    assert audits(records) == ["case_opened", "locked", "unlocked"]
    assert [one.body["hot_grams"] for one in records if one.kind == record.CARCASS] == [88_000]
    assert 91_200 in [one.body["gross_grams"] for one in records if one.kind == record.WEIGHING]
