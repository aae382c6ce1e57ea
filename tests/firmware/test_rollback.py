"""An old flash image put back into a real scale: it says so, seals nothing, and goes back to the bench (ADR 0012)."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest
from tracewire import record
from tracewire.errors import Misuse
from tracewire.vocabulary import AUDIT_EVENTS

from provisioning import config
from provisioning.enrol import Order
from simulators import flash_files
from simulators.scale_process import ScaleProcess
from tests.firmware.enrolling import enrol_board
from tests.firmware.evidence import history
from tests.firmware.test_history import SEARCH_PATH
from tests.firmware.test_scale_process import CELL, SETUP, Tell, at_the_scale, enrolled, flash, image, put, sign_in
from tests.interpreters import ROOT, run_micropython

SCRIPT = "tests/micropython/device_rollback.py"
TESTS = re.findall(r"^def (test_\w+)", (ROOT / SCRIPT).read_text(), re.MULTILINE)
WORDS = "存储被回退，停止使用"

__all__ = ("at_the_scale", "enrolled", "flash", "image")  # fixtures, used by name


@pytest.mark.parametrize("name", TESTS)
def test_on_littlefs(name: str) -> None:
    done = run_micropython(SCRIPT, name, search_path=SEARCH_PATH, heap="4M")
    assert done.returncode == 0, done.stdout + done.stderr


async def sell(scale: ScaleProcess) -> None:
    await put(scale, 520)
    await scale.press("plu1")
    await scale.next_slip()


async def begin(scale: ScaleProcess) -> None:
    await sign_in(scale)
    await sell(scale)


async def finds_itself_stopped(scale: ScaleProcess) -> None:
    await scale.wait_until(lambda: WORDS in scale.screen[3])
    await scale.wait_for_lamp("alarm")
    await put(scale, 640)
    await scale.press("plu1")
    await scale.wait_for_message(WORDS)
    await scale.present_card(b"a bus ticket")
    await scale.press("clear")
    assert scale.slips == []


def enrol_at_the_bench(site: Path, image: Path, flash: Path, order: Order) -> None:
    enrol_board(site / "CA", image, flash, order, config.scale_outfit(SETUP))


def test_a_scale_whose_flash_was_set_back_says_so_and_signs_nothing_over(
    at_the_scale: Tell, image: Path, flash: Path, enrolled: Path
) -> None:
    at_the_scale(begin)
    older = shutil.copyfile(flash, flash.with_suffix(".older"))
    at_the_scale(sell)
    shutil.copyfile(older, flash)
    before = [one.seq for one in history(image, flash)]
    for _ in range(2):  # the second time: the power went, the lock did not
        at_the_scale(finds_itself_stopped)
        assert [one.seq for one in history(image, flash)] == before

    site = enrolled.parent
    with pytest.raises(Misuse) as refused:
        enrol_at_the_bench(site, image, flash, Order("scale-0001", "scale", stall="8号摊", is_again=True))
    assert "set_back" in str(refused.value)
    flash.unlink()
    enrol_at_the_bench(site, image, flash, Order("scale-0002", "scale", stall="8号摊"))
    at_the_scale(begin)
    records = history(image, flash)
    assert [one.kind for one in records[:3]] == [record.BOOT, record.AUDIT, record.SESSION]
    assert AUDIT_EVENTS[records[1].body["event"]] == "rollback_detected"


def test_a_scale_that_goes_on_from_its_own_flash_is_never_stopped(image: Path, flash: Path) -> None:
    async def kill_and_go_on() -> None:
        scale = ScaleProcess(image, flash, cell=CELL)
        await scale.start()
        await sign_in(scale)
        for _ in range(4):
            await sell(scale)
            await scale.kill()
            await scale.remove_load()
            await scale.start()
        await sell(scale)
        await scale.stop()

    asyncio.run(kill_and_go_on())
    assert [one.kind for one in history(image, flash)].count(record.SALE) == 5
    assert flash_files.read_journal(image, flash)
