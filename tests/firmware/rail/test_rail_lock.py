"""A rail scale whose case is opened: it weighs on, records no carcass, and only the authority's answer unlocks it."""

from datetime import UTC, datetime
from pathlib import Path

from tracewire import record
from tracewire.vocabulary import AUDIT_EVENTS

from provisioning import unlock
from simulators.rail_process import RailProcess
from tests.firmware.evidence import history
from tests.firmware.rail.line import Tell, bring_lot, tag, weigh


def test_an_opened_case_locks_the_line_through_a_power_cut(
    at_the_line: Tell, authority: Path, image: Path, flash: Path
) -> None:
    async def story(line: RailProcess) -> None:
        await bring_lot(line)
        await line.open_case()
        await line.wait_for_lamp("alarm")  # by now the lock is on record
        await line.close_case()
        await line.restart()
        await line.wait_until(lambda: "询问码" in line.screen[3])
        await line.hang(91_200)
        await line.read_tag(tag(1))
        await line.wait_for_message("秤已锁")
        await line.take_off()
        challenge = line.screen[3].split("询问码")[1].split()[0]
        for digit in unlock.answer(authority, "line-0001", challenge, "case opened in a test", datetime.now(UTC)):
            await line.press(f"digit{digit}")
        await line.wait_for_message("已解锁")
        await weigh(line, 88_000, tag(2))
        await line.take_off()

    at_the_line(story)
    records = history(image, flash)
    audits = [AUDIT_EVENTS[one.body["event"]] for one in records if one.kind == record.AUDIT]
    assert audits == ["case_opened", "locked", "unlocked"]
    assert [one.body["hot_grams"] for one in records if one.kind == record.CARCASS] == [88_000]
    assert 91_200 in [one.body["gross_grams"] for one in records if one.kind == record.WEIGHING]
