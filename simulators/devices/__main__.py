"""Virtual devices on a local web page: `make devices`.

Builds a site from nothing, starts cloud and gateway, tells the meat's origin, switches the devices on and serves a page
on which a person puts goods on the pan, presses keys, taps cards, tears off slips, pulls plugs and cuts the network.
Ctrl-C ends it and everything it started.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
import webbrowser
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from rich.console import Console
from tracewire.errors import TracewireError

from simulators import upstream
from simulators.accounting import FlashReader
from simulators.devices.custody import Custody
from simulators.devices.roster import BOARDS, STALL, Roster
from simulators.devices.server import PageServer, create_app, listen
from simulators.devices.wallet import WHOLESALER
from simulators.site import STALLS, Site
from simulators.upstream import UpstreamDevice

EXAMPLES = """examples:
  python -m simulators.devices                        open the page in the browser; Ctrl-C ends it
  python -m simulators.devices --no-browser           only print its address
  python -m simulators.devices --port 8080 --dir /tmp/devices"""

PIGS_AT_THE_RAIL, GRAMS_AT_THE_RAIL = 12, 1_380_000
"""The lot that waits to be slaughtered by hand."""

console = Console(highlight=False)


def main() -> int:
    """Run until Ctrl-C; exit status 1 when something could not be started."""
    parser = argparse.ArgumentParser(
        prog="devices", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dir", type=Path, default=Path("build/devices"), help="where everything is put, from nothing")
    parser.add_argument("--port", type=int, default=0, help="of the page on 127.0.0.1 (a free one)")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        listener = listen(options.port)
        console.print("Building a site: authority, cloud, gateway, upstream nodes, devices ...")
        say = partial(console.print, style="dim")
        site = Site.create(options.dir, say=lambda line: say(f"  {line}"), stalls=(STALL,), boards=BOARDS)
        asyncio.run(run(site, listener, opens_browser=not options.no_browser and _has_desktop()))
    except KeyboardInterrupt:
        pass
    except TracewireError as trouble:
        console.print(f"[red]The devices could not be started:[/red] {trouble}")
        return 1
    console.print("Closed.")
    return 0


async def run(site: Site, listener: socket.socket, *, opens_browser: bool) -> None:
    """Start everything, serve the page until a signal comes, end everything."""
    async with AsyncExitStack() as stack:
        stack.enter_context(site)
        stop = _stop_on_signal()
        console.print("Starting cloud and gateway ...")
        await asyncio.to_thread(site.cloud.start)
        await asyncio.to_thread(site.gateway.start)
        farm, line, hall = (
            stack.enter_context(UpstreamDevice(site.node(name), "localhost", site.mqtt_port))
            for name in ("farm-0001", "line-0001", "hall-0001")
        )
        console.print("Telling where this morning's meat comes from ...")
        buyers = [*(stall.seller_code for stall in STALLS), WHOLESALER]
        lots = upstream.tell_origin(farm, line, hall, buyers)
        pigs = upstream.tell_pigs(farm, PIGS_AT_THE_RAIL, GRAMS_AT_THE_RAIL)
        console.print("Issuing cards ...")
        roster = await asyncio.to_thread(
            Roster, site, lots, upstream.GRAMS_PER_CARCASS[len(STALLS)] - upstream.WASTE_GRAMS, pigs
        )
        panels = roster.panels()
        flashes = {name: FlashReader(image, flash) for name, (image, flash) in roster.images().items()}
        custody = Custody(site, flashes, [farm, line, hall])
        server = PageServer(create_app(panels, custody), listener)
        for panel in panels:
            console.print(f"Switching on {panel.face.name} ...")
            stack.push_async_callback(panel.put_away)
            await panel.switch_on()
        await _serve(server, custody, stop, opens_browser=opens_browser)


async def _serve(server: PageServer, custody: Custody, stop: asyncio.Event, *, opens_browser: bool) -> None:
    """Serve the page until ``stop``; a task that dies before ends the program with its error."""
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(custody.watch())
        serving = tasks.create_task(server.run_until_stopped())
        console.print(f"The devices  [bold]{server.url}[/bold]   English {server.url}?lang=en")
        console.print("Ctrl-C ends them.")
        if opens_browser:
            webbrowser.open(server.url)
        await stop.wait()
        console.print("Ending: page, devices, gateway, cloud ...")
        server.should_exit = True
        await serving
        watching.cancel()


def _stop_on_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _has_desktop() -> bool:
    """Tell whether a browser would open a window, and not take over this terminal."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
