"""Days with the link up: what is left of the heap of a scale, a line and a terminal; how fast a scale publishes.

    python -m simulators.bench day

Shipped firmware in its heap on a real interpreter, a real gateway and cloud, mutual TLS. The load cell delivers faster
than on a board (``Cell.haste``), so that the day takes minutes; the weighing core counts samples and knows no clock.
"""

import asyncio
import os
import random
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from simulators import firmware_image
from simulators.bench.figures import Figure, at_least
from simulators.devices.issuing import IssuingDesk
from simulators.devices.roster import HALL, RAIL
from simulators.rail_process import RAIL_CELL, RailProcess
from simulators.scale_process import HEAP, POWER_ON_MEASURED, ScaleProcess
from simulators.site import STALLS, Site
from simulators.soak.day import Day
from simulators.soak.other_days import RailDay
from simulators.soak.scale_day import ScaleDay
from simulators.soak.terminal_day import TerminalDay
from simulators.terminal_process import PLATFORM_CELL, TerminalProcess

CUSTOMERS, CARCASSES, DEALS = 1_000, 100, 30
BACKLOG = 1_000
"""Records that were sealed while there was no network."""
HASTE = 25
LEAST_FREE_BYTES = 10_240
SETTLE_TIMEOUT_S = 300.0

_FILL = "tests/micropython/fill_journal.py"


def figures() -> list[Figure]:
    """Publish a backlog, then live the day."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder) / "site"))


async def _measured(directory: Path) -> list[Figure]:
    stall = STALLS[0]
    site = Site.create(directory, say=lambda _: None, stalls=(stall,), boards=(RAIL, HALL))
    _fill(site.image, site.flash(stall))
    with site:
        site.cloud.start()
        site.gateway.start()
        async with ScaleProcess(site.image, site.flash(stall), cell=stall.cell) as scale:
            records_per_s = await _records_per_second(scale)
        return [
            Figure(f"{BACKLOG} records from a scale through mutual TLS, settled", f"{records_per_s:.0f} records/s"),
            await _least_free(_scale_day(site), CUSTOMERS, "customers at a scale, of 192 KiB"),
            await _least_free(_rail_day(site), CARCASSES, "carcasses at a rail scale, of 224 KiB"),
            await _least_free(_terminal_day(site), DEALS, "deals at a terminal, of 224 KiB"),
        ]


def _scale_day(site: Site) -> Day:
    stall = STALLS[0]
    flash = site.flash(stall)
    scale = ScaleProcess(site.image, flash, cell=replace(stall.cell, haste=HASTE))
    day = ScaleDay(stall.scale, scale, site.image, flash, random.Random(1))
    day.stall = stall
    return day


def _rail_day(site: Site) -> Day:
    files = site.image_of(RAIL), site.flash_of(RAIL.name)
    return RailDay(RAIL.name, RailProcess(*files, cell=replace(RAIL_CELL, haste=HASTE)), *files, random.Random(1))


def _terminal_day(site: Site) -> Day:
    files = site.image_of(HALL), site.flash_of(HALL.name)
    terminal = TerminalProcess(*files, cell=replace(PLATFORM_CELL, haste=HASTE))
    day = TerminalDay(HALL.name, terminal, *files, random.Random(1))
    day.desk = IssuingDesk(site)
    return day


async def _least_free(day: Day, trades: int, what: str) -> Figure:
    day.device.power_on = POWER_ON_MEASURED
    async with day.device:
        await day.open()
        for _ in range(trades):
            await day.trade()
            day.done["trades"] += 1
        await day.settle()
    return at_least(f"least free heap, {trades} {what}", day.device.least_free_bytes, LEAST_FREE_BYTES, "bytes", 0)


def _fill(image: Path, flash: Path) -> None:
    """Seal the backlog on a board that is off."""
    environment = {**os.environ, "MICROPYPATH": f"{image.resolve()}:.frozen", "CHENGXIN_FLASH": str(flash.resolve())}
    command = [str(firmware_image.INTERPRETER), "-X", f"heapsize={HEAP}", _FILL, str(BACKLOG)]
    subprocess.run(command, cwd=firmware_image.REPOSITORY, env=environment, check=True)  # noqa: S603 (our script)


async def _records_per_second(scale: ScaleProcess) -> float:
    await scale.wait_for_lamp("link")
    started = time.monotonic()
    await scale.wait_until(lambda: "pending" not in scale.lamps, SETTLE_TIMEOUT_S)
    return BACKLOG / (time.monotonic() - started)
