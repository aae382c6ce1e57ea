"""A market morning on this machine, through the real path: `make demo`, or `make demo ONCE=1` to its end.

Builds a site from nothing, starts cloud and gateway, tells the meat's origin, sells at two scales, and holds the ledger
against what was signed. Without `--once` it stays up until Ctrl-C, so that the pages can be looked at.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.console import Console
from tracewire import cose
from tracewire.errors import TracewireError, Unavailable

from simulators import accounting, ending, upstream
from simulators.afternoon import afternoon
from simulators.faults import Faults
from simulators.live_table import LiveTable
from simulators.market import Vendor, morning
from simulators.printer import Printer
from simulators.scale_process import ScaleProcess
from simulators.site import MARKET, STALLS, Site
from simulators.upstream import UpstreamDevice

SALES_EACH = 32
SETTLE_TIMEOUT_S = 60.0
EXAMPLES = """examples:
  python -m simulators.demo                    stay up until Ctrl-C
  python -m simulators.demo --once             to the end, then build/demo/summary.json
  python -m simulators.demo --once --faults    the same, killing cloud, gateway and scales at random"""

console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Run the demo; exit status 0 when everything signed is in the ledger exactly once."""
    parser = argparse.ArgumentParser(
        prog="demo", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--once", action="store_true", help="end after the morning")
    parser.add_argument("--faults", action="store_true", help="kill cloud, gateway and scales while they work")
    parser.add_argument("--dir", type=Path, default=Path("build/demo"), help="where everything is put (build/demo)")
    parser.add_argument("--sales", type=int, default=SALES_EACH, help=f"sales at each scale ({SALES_EACH})")
    parser.add_argument("--seed", type=int, default=8, help="of customers and faults (8)")
    options = parser.parse_args()
    ending.like_ctrl_c()
    try:
        return asyncio.run(run(options))
    except KeyboardInterrupt:
        console.print("Closed.")
        return 0
    except TracewireError as trouble:
        console.print(f"[red]The demo failed:[/red] {trouble}")
        return 1


async def run(options: argparse.Namespace) -> int:
    """Build, trade, settle, account; return the exit status."""
    started = time.monotonic()
    console.print("Building a site: authority, cloud, gateway, three upstream nodes, two scales ...")
    site = Site.create(options.dir, say=lambda line: console.print(f"  [dim]{line}[/dim]"))
    async with AsyncExitStack() as stack:
        stack.enter_context(site)
        site.cloud.start()
        site.gateway.start()
        farm, line, hall = (
            stack.enter_context(UpstreamDevice(site.node(name), "localhost", site.mqtt_port))
            for name in ("farm-0001", "line-0001", "hall-0001")
        )
        table = stack.enter_context(LiveTable(console, site, [farm, line, hall]))
        lots = upstream.tell_origin(farm, line, hall, [stall.seller_code for stall in STALLS])
        vendors = [
            Vendor(stall, lots[stall.seller_code], scale, random.Random(options.seed * 100 + index))
            for index, stall in enumerate(STALLS)
            for scale in [ScaleProcess(site.image, site.flash(stall), cell=stall.cell)]
        ]
        for vendor in vendors:
            stack.push_async_callback(vendor.scale.stop)
        table.vendors = vendors
        async with Faults(site, vendors, options.seed, enabled=options.faults) as faults:
            await morning(vendors, options.sales, lambda vendor, slip: keep_slip(site, vendor, slip))
        await settle(site, vendors, [farm, line, hall])
        table.refresh()
        summary = {"killed": faults.killed, **await account(site, vendors, [farm, line, hall])}
        summary["seconds"] = round(time.monotonic() - started, 1)
        table.stop()
        return await finish(options, site, vendors, summary)


def keep_slip(site: Site, vendor: Vendor, slip: bytes) -> None:
    """Save a slip as the bytes that were printed and as a picture."""
    folder = site.directory / "slips"
    folder.mkdir(exist_ok=True)
    name = f"{vendor.stall.scale}-{len(vendor.slips):03d}"
    (folder / f"{name}.escpos").write_bytes(slip)
    Printer().render(slip).image.save(folder / f"{name}.png")


async def settle(site: Site, vendors: list[Vendor], nodes: list[UpstreamDevice]) -> None:
    """Wait until the cloud's receipts have reached everyone: journals released, nothing pending."""
    for service in (site.cloud, site.gateway):
        if not service.is_running():
            service.start()
    for vendor in vendors:
        await vendor.scale.wait_until(partial(is_settled, vendor.scale), SETTLE_TIMEOUT_S)
    for node in nodes:
        await asyncio.to_thread(node.wait_until_settled, SETTLE_TIMEOUT_S)


def is_settled(scale: ScaleProcess) -> bool:
    """Tell whether a scale's lamps say that the cloud holds everything it signed."""
    return "link" in scale.lamps and "pending" not in scale.lamps


async def account(site: Site, vendors: list[Vendor], nodes: list[UpstreamDevice]) -> dict[str, object]:
    """Switch the scales off and hold the ledger against their flash, the histories and the slips."""
    for vendor in vendors:
        await vendor.scale.stop()
    slips = [accounting.sealed_in_url(url) for vendor in vendors for url in slip_urls(vendor)]
    heads = {}
    for vendor in vendors:
        kid = cose.parse(accounting.sealed_in_url(slip_urls(vendor)[0])).kid
        heads[kid] = accounting.scale_head(site.image, site.flash(vendor.stall))
    histories = [accounting.upstream_history(site.node(node.name)) for node in nodes]
    ledger = accounting.read_ledger(site.url)
    outcome = accounting.settle(ledger, heads, histories, slips)
    latency = accounting.sale_latencies_ms(site.node("cloud-01") / "ledger.sqlite")
    percentiles = statistics.quantiles(latency, n=100)
    return {
        **asdict(outcome),
        "slips": len(slips),
        "largest_sale_bytes": max(map(len, slips)),
        "largest_qr_version": max(version for vendor in vendors for version in slip_versions(vendor)),
        "weigh_to_committed_ms": {"p50": round(percentiles[49]), "p99": round(percentiles[98])},
        "least_free_heap_bytes": accounting.least_free_heap_bytes(ledger),
        "starts": {"cloud": site.cloud.starts, "gateway": site.gateway.starts},
        "trace": slip_urls(vendors[0])[-1].partition("#")[0],
    }


def slip_urls(vendor: Vendor) -> list[str]:
    """Return the URL in the QR code of each of a vendor's slips."""
    return [Printer().render(slip).codes[0][0] for slip in vendor.slips]


def slip_versions(vendor: Vendor) -> list[int]:
    """Return the QR version of each of a vendor's slips."""
    return [Printer().render(slip).codes[0][1] for slip in vendor.slips]


async def finish(options: argparse.Namespace, site: Site, vendors: list[Vendor], summary: dict[str, object]) -> int:
    """Write the summary, say what came of the morning, and stay up unless told otherwise."""
    (site.directory / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=2), encoding="utf-8")
    console.print_json(data=summary)
    if summary["errors"]:
        console.print("[red]The ledger does not hold what was signed.[/red]")
        return 1
    console.print(f"Every signed record is in the ledger, once. Slips: {site.directory}/slips")
    if options.once:
        return 0
    show_the_way(site, vendors[0], summary["trace"])
    return await stay_up(site, vendors)


def show_the_way(site: Site, vendor: Vendor, trace: object) -> None:
    """Say where everything can be looked at, and what to try."""
    console.print(f"\nA slip's page      {trace}")
    console.print(f"The same, English  {trace}?lang=en")
    console.print(f"The ledger         {site.url}/v1/ledger    metrics {site.url}/metrics")
    console.print(f"The gateway        http://127.0.0.1:{site.status_port}/")
    site.console.start()
    regulator = site.open_account("wang", "regulator", "--region", "3502")
    opener = site.open_account("lin", "market_opener", "--site", MARKET)
    seller = site.open_account("chen", "seller", "--seller", STALLS[0].seller_code)
    console.print(f"The console        {site.url}/console    sign in as regulator wang with {regulator}")
    console.print(f"                   as market opener lin with {opener}, as seller chen with {seller}")
    console.print(f"The fleet          {site.url}/ops    sign in as ops with {site.open_account('ops', 'ops')}")
    console.print("A recall           sign in as lin and recall this lot; its scale refuses it here within a minute:")
    console.print(f"                   {site.url}/console/lots/{vendor.lot}")
    console.print("Ctrl-C ends it.\n")


async def stay_up(site: Site, vendors: list[Vendor]) -> int:
    """Let the afternoon go on until somebody ends it, or something does."""
    trading = asyncio.create_task(afternoon(vendors, console.print))
    try:
        while site.cloud.is_running() and site.gateway.is_running() and not trading.done():
            await asyncio.sleep(1)
    finally:
        trading.cancel()
        await asyncio.gather(trading, return_exceptions=True)
    if not trading.cancelled():
        trading.result()
    raise Unavailable("demo.service", f"cloud or gateway ended: {site.cloud.last_words()}{site.gateway.last_words()}")


if __name__ == "__main__":
    sys.exit(main())
