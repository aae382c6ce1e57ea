"""`make soak`: a day at two stalls, a line, a wholesale hall and with a handheld, in which everything goes wrong.

    python -m simulators.soak                         1,000 trades at each device: a day's work, some twenty minutes
    python -m simulators.soak --trades 10 --every 1   what CI does: every trouble once at every device

Real firmware on real MicroPython, a real gateway and cloud. The ledger must then hold every sealed record exactly once,
and a record of every fault. Exit status 1 when it does not.
"""

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from tracewire import chain, cose, record
from tracewire.errors import TracewireError

from simulators import accounting, ending, printer
from simulators.devices.issuing import IssuingDesk
from simulators.handheld_process import HandheldProcess
from simulators.proxy import Proxy
from simulators.rail_process import RAIL_CELL, RailProcess
from simulators.scale_process import ScaleProcess
from simulators.site import STALLS, Site, Stall
from simulators.soak import fleet
from simulators.soak.day import Day
from simulators.soak.other_days import HandheldDay, RailDay
from simulators.soak.outages import Outages
from simulators.soak.scale_day import ScaleDay
from simulators.soak.terminal_day import TerminalDay
from simulators.terminal_process import PLATFORM_CELL, TerminalProcess

TRADES = 1_000
EVERY = 12
HASTE = 5
"""Load cells deliver 100 samples a second, so that a day is over in half an hour (`Cell.haste`)."""

console = Console(highlight=False)


def main() -> int:
    """Live the day; exit status 0 when nothing was lost, doubled or left untold."""
    parser = argparse.ArgumentParser(
        prog="soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trades", type=int, default=TRADES, help=f"at each device ({TRADES})")
    parser.add_argument("--every", type=int, default=EVERY, help=f"trades from one trouble to the next ({EVERY})")
    parser.add_argument("--seed", type=int, default=1, help="of goods, troubles and outages (1)")
    parser.add_argument("--dir", type=Path, default=Path("build/soak"), help="where everything is put (build/soak)")
    options = parser.parse_args()
    ending.like_ctrl_c()
    try:
        return asyncio.run(run(options))
    except TracewireError as trouble:
        console.print(f"[red]The soak failed:[/red] {trouble}")
        return 1


async def run(options: argparse.Namespace) -> int:
    """Build, live, settle, account; return the exit status."""
    console.print(f"Building a site: two scales, a line, a hall, a handheld and all they need; seed {options.seed} ...")
    site = Site.create(options.dir, say=lambda _: None)
    async with AsyncExitStack() as stack:
        wire = stack.enter_context(Proxy(site.mqtt_port))
        fleet.enrol(site, wire.port)
        stack.enter_context(site)
        site.cloud.start()
        site.gateway.start()
        days = all_days(site, options.seed)
        for day in days:
            day.authority = site.authority
            stack.push_async_callback(day.device.stop)
        started = time.monotonic()
        with progress() as bars:
            async with Outages(site, wire, random.Random(options.seed)) as outages, asyncio.TaskGroup() as tasks:
                for day in days:
                    bar = bars.add_task(day.name, total=options.trades)
                    tasks.create_task(day.live(options.trades, options.every, partial(bars.advance, bar)))
        for day in days:
            await day.settle()
            await day.device.stop()
            while not is_all_there(site, day):  # sealed between the last look at its lamps and the switch
                await day.switch_on()
                await day.settle()
                await day.device.stop()
        seconds = time.monotonic() - started
        return finish(site, days, outages.done, seconds)


def all_days(site: Site, seed: int) -> list[Day]:
    """Return the days of all devices, each with its own chance."""
    line, hall, handheld = (
        (site.image_of(board), site.flash_of(board.name)) for board in (fleet.LINE, fleet.HALL, fleet.HANDHELD)
    )
    carcasses = RailProcess(*line, cell=replace(RAIL_CELL, haste=HASTE))
    morning = RailDay(fleet.LINE.name, carcasses, *line, random.Random(f"{seed} line"))
    deals = TerminalProcess(*hall, cell=replace(PLATFORM_CELL, haste=HASTE))
    night = TerminalDay(fleet.HALL.name, deals, *hall, random.Random(f"{seed} hall"))
    night.desk = IssuingDesk(site)
    visits = HandheldProcess(*handheld)
    inspector = HandheldDay(fleet.HANDHELD.name, visits, *handheld, random.Random(f"{seed} handheld"))
    inspector.seller = STALLS[0].seller_code
    return [*(scale_day(site, stall, seed) for stall in STALLS), morning, night, inspector]


def is_all_there(site: Site, day: Day) -> bool:
    """Tell whether the ledger holds the newest record on the flash of a device that is off."""
    seq = accounting.scale_head(day.image, day.flash).seq
    return httpx.get(f"{site.url}/v1/log/receipt/record/{day.name}/{seq}").is_success


def scale_day(site: Site, stall: Stall, seed: int) -> ScaleDay:
    """Return the day at one stall."""
    scale = ScaleProcess(site.image, site.flash(stall), cell=replace(stall.cell, haste=HASTE))
    day = ScaleDay(stall.scale, scale, site.image, site.flash(stall), random.Random(f"{seed} {stall.scale}"))
    day.stall = stall
    return day


def progress() -> Progress:
    """Return one bar for each device; on a pipe they are printed at the end."""
    return Progress(
        TextColumn("{task.description:14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def finish(site: Site, days: list[Day], outages: Counter[str], seconds: float) -> int:
    """Hold the ledger against flash, slips and troubles; print the figures."""
    ledger = accounting.read_ledger(site.url)
    heads: dict[bytes, chain.Head] = {}
    of_device: dict[str, list[record.Record]] = {}
    for day in days:
        kid = fleet.kid_of(day.image, day.flash)
        heads[kid] = accounting.scale_head(day.image, day.flash)
        messages = (cose.parse(row.sealed) for row in ledger)
        of_device[day.name] = [record.decode(one.payload) for one in messages if one.kid == kid]
    urls = [printer.address(slip) for day in days for slip in day.slips]
    account = accounting.settle(ledger, heads, [], [accounting.sealed_in_url(url) for url in urls])
    errors = account.errors + [error for day in days for error in day.unseen(of_device[day.name])]
    errors += [f"{day.name}: {one}" for day in days for one in accounting.silences(of_device[day.name])]
    figures = {
        "signed": account.signed,
        "committed": account.committed,
        "doubled": account.doubled,
        "slips": len(urls),
        "outages": dict(outages),
        "devices": {day.name: device_figures(day, of_device[day.name]) for day in days},
        "seconds": round(seconds, 1),
        "records_per_s": round(account.signed / seconds, 1),
        "errors": errors,
    }
    (site.directory / "summary.json").write_text(json.dumps(figures, ensure_ascii=False, indent=2), encoding="utf-8")
    console.print_json(data=figures)
    console.print(
        "[red]Not all is where it must be.[/red]" if errors else "Every sealed record is in the ledger, once."
    )
    return int(bool(errors))


def device_figures(day: Day, records: list[record.Record]) -> dict[str, object]:
    """Return what one device did, and what it cost its heap and its flash."""
    low = [one.body["heap_low_bytes"] for one in records if "heap_low_bytes" in one.body]
    return {
        **day.done,
        "records": len(records),
        "least_free_heap_bytes": min(low, default=None),
        "erases_per_record": round(day.device.erases / max(1, len(records)), 3),
    }


if __name__ == "__main__":
    raise SystemExit(main())
