"""A rail scale says who it is, and what it weighs by changes under the broken seal only."""

from pathlib import Path

import pytest
from tracewire import record

from simulators import flash_files
from simulators.rail_process import RailProcess
from tests.firmware.bench import adjust, audits
from tests.firmware.evidence import bodies, history
from tests.firmware.rail.line import Tell, bring_lot, tag, weigh

TEXTS = ["P2026000125", "R0001", "V0001", "S88215", "CPA 2026F101-37"]


def test_identity_and_parameters_change_under_the_broken_seal_only_and_each_is_a_record(
    at_the_line: Tell, image: Path, flash: Path
) -> None:
    change = {1: {12: 200, 17: [1, 0, 60_000]}, 2: TEXTS}
    assert "seal.closed" in adjust(image, flash, change, "whole", "rail")
    assert "changed: 7" in adjust(image, flash, change, "broken", "rail")

    async def story(line: RailProcess) -> None:
        for text in ("生产码 P2026000125", *TEXTS[1:], "chengxin-rail", "事件计数 7", "生产码"):
            await line.press("digit9")
            await line.wait_for_message(text)
        await bring_lot(line)
        await line.hang(50_100)  # was a carcass before, and is too light for one now; 200 g is an interval now
        await line.wait_for_rest(50_000)
        await line.take_off()
        await weigh(line, 91_200, tag(1))

    at_the_line(story)
    records = history(image, flash)
    assert audits(records) == ["parameter_changed"] * 5 + ["seal_changed", "parameter_changed"]
    details = [str(body["detail"]).split()[0] for body in bodies(records, record.AUDIT)]
    assert details[:3] == ["e_grams", "rail", "production_code"]
    assert [body["event_counter"] for body in bodies(records, record.AUDIT)] == list(range(1, 8))
    boots = bodies(records, record.BOOT)
    assert {boot["software"] for boot in boots} == {"chengxin-rail 0.1.0"}
    assert boots[-1]["production_code"] == "P2026000125"
    assert len({boot["parameters_digest"] for boot in boots}) == 2
    assert [body["hot_grams"] for body in bodies(records, record.CARCASS)] == [91_200]


@pytest.mark.parametrize("change", [{1: {17: []}}, {1: {17: [4, 0, 20_000]}}, {1: {17: [1, 0, 0]}}, {1: {5: "x"}}])
def test_a_change_that_makes_no_line_is_refused_and_changes_nothing(image: Path, flash: Path, change: object) -> None:
    before = flash_files.read(image, flash, ["config.cbor"])
    assert "refused" in adjust(image, flash, change, "broken", "rail")
    assert flash_files.read(image, flash, ["config.cbor"]) == before
    assert audits(history(image, flash)) == []
