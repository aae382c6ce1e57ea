"""The demo's afternoon: one scale goes on selling, so that a recall is seen to stop it; the other's case is opened.

Both stay on until the demo is closed. What is told is what a person would notice at the stall: a slip, a refusal, a
scale that sells again.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from simulators.market import FROZEN, Vendor
from simulators.printer import Printer

PAUSE_S = 8.0
"""From one customer to the next."""

_OPENED = "机箱被打开"


async def afternoon(vendors: Sequence[Vendor], say: Callable[[str], None]) -> None:
    """Sell at the first of two scales until cancelled, and open the other's case; raises what the scales raise."""
    seller, opened = vendors
    await opened.scale.start()
    await opened.scale.open_case()
    await opened.scale.wait_for_text(_OPENED)
    say(_line(opened, "somebody opened its case: it is locked, says so on its screen, and the fleet's page has it"))
    await seller.open_stall()
    is_refused, is_told = False, False
    while True:
        slip = await seller.offer()
        if slip is None and not is_refused:
            say(_line(seller, f"[bold]refuses[/bold] lot {seller.lot}: {FROZEN}"))
        elif slip is not None and (is_refused or not is_told):
            say(_line(seller, f"sells lot {seller.lot}: {Printer().render(slip).codes[0][0].partition('#')[0]}"))
        is_refused, is_told = slip is None, True
        await asyncio.sleep(PAUSE_S)


def _line(vendor: Vendor, text: str) -> str:
    return f"{datetime.now().astimezone():%H:%M:%S}  {vendor.stall.scale}  {text}"
