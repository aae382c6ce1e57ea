"""A line that waits for nobody: a carcass every two seconds by the wall clock, hands-free, each of them in the ledger.

    python -m simulators.bench line

The issue asks for one every five seconds. The conveyor here does not look at the scale: a carcass hangs, its tag
passes the reader, it moves on, whatever the screen says. Shipped firmware on a real interpreter, its load cell at the
rate of a real one, a real gateway and cloud. The lot was brought to the line before.
"""

import asyncio
import random
import tempfile
from functools import partial
from pathlib import Path

from tracewire import cose, record

from simulators import accounting
from simulators.bench.figures import Figure, at_least
from simulators.devices.roster import RAIL
from simulators.rail_process import RailProcess, lot_card
from simulators.site import Site

CARCASSES = 30
PERIOD_S = 2.0
TAG_AFTER_S, OFF_AFTER_S = 0.3, 1.5
PIGS, FARM = "35020000200010000003", "绿源生态养殖场"
SETTLE_TIMEOUT_S = 60.0

_Carcass = tuple[str, int]
"""Ear tag and grams."""


def figures() -> list[Figure]:
    """Let a minute of carcasses pass."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder) / "site"))


async def _measured(directory: Path) -> list[Figure]:
    site = Site.create(directory, say=lambda _: None, stalls=(), boards=(RAIL,))
    chance = random.Random(1)
    passing = [(f"1350821{number:08d}", 80_000 + 100 * chance.randint(0, 300)) for number in range(1, CARCASSES + 1)]
    with site:
        site.cloud.start()
        site.gateway.start()
        line = RailProcess(site.image_of(RAIL), site.flash_of(RAIL.name))
        async with line:
            await line.wait_for_lamp("link")
            await line.present_card(lot_card(PIGS, FARM))
            await line.wait_for_message("批次")
            await line.wait_until(lambda: "pending" not in line.lamps, SETTLE_TIMEOUT_S)
            await _convey(line, passing)
            await line.wait_until(lambda: "pending" not in line.lamps, SETTLE_TIMEOUT_S)
        recorded = _in_the_ledger(site)
    right = sum(one in recorded for one in passing)
    what = f"carcasses in the ledger with tag and mass, of {CARCASSES} that passed, one every {PERIOD_S:.0f} s"
    return [at_least(what, right, CARCASSES, "", 0)]


async def _convey(line: RailProcess, passing: list[_Carcass]) -> None:
    """Move carcasses past the scale at their times; one that is late keeps none of the others waiting."""
    started = asyncio.get_running_loop().time()
    for number, (tag, grams) in enumerate(passing):
        for after_s, step in (
            (0.0, partial(line.hang, grams)),
            (TAG_AFTER_S, partial(line.read_tag, tag)),
            (OFF_AFTER_S, line.remove_load),
        ):
            wait_s = started + number * PERIOD_S + after_s - asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, wait_s))
            await step()


def _in_the_ledger(site: Site) -> list[_Carcass]:
    statements = [record.decode(cose.parse(row.sealed).payload) for row in accounting.read_ledger(site.url)]
    bodies = [one.body for one in statements if one.kind == record.CARCASS]
    return [(str(body.get("ear_tag", "")), int(body["hot_grams"])) for body in bodies]
