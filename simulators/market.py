"""A market morning: vendors open their stalls, customers come, goods go over the scale, slips come out.

Everything a vendor does here goes through the front panel of a real scale; the randomness is seeded, so a morning can
be had again.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tracewire.errors import Unavailable

from simulators.scale_process import ScaleProcess
from simulators.site import Stall

GRAMS_OF_A_PURCHASE = (180, 2600)
FROZEN = "此批次已冻结"
"""What a scale's screen says of a lot that it may not sell."""


@dataclass
class Vendor:
    """One seller at one scale."""

    stall: Stall
    lot: str
    scale: ScaleProcess
    chance: random.Random
    slips: list[bytes] = field(default_factory=list)
    power_cut_due: bool = False
    """Somebody is about to pull this scale's plug."""

    async def open_stall(self) -> None:
        """Switch on, tap the card once."""
        await self.scale.start()
        await self.sign_in()

    async def sign_in(self) -> None:
        """Tap the card once."""
        await self.scale.present_card(self.stall.card(self.lot))
        await self.scale.wait_for_text(self.stall.name)
        await self.scale.take_card()

    async def serve(self) -> bytes:
        """Sell to one customer: goods on the pan, one key, slip off, pan empty. Return the slip."""
        key, _, _ = self.chance.choice(self.stall.goods)
        await self._weigh()
        await self.scale.press(f"plu{key}")
        slip = await self.scale.next_slip()
        self.slips.append(slip)
        await self.scale.remove_load()
        return slip

    async def offer(self) -> bytes | None:
        """Serve one customer as long as the lot may be sold; return None when the scale refuses it as frozen."""
        await self._weigh()
        printed = len(self.scale.slips)
        await self.scale.press(f"plu{self.stall.goods[0][0]}")
        await self.scale.wait_until(lambda: len(self.scale.slips) > printed or self._is_refused())
        slip = await self.scale.next_slip() if len(self.scale.slips) > printed else None
        await self.scale.remove_load()
        return slip

    async def browse(self) -> None:
        """Weigh for a customer who then does not buy: a weighing without a sale."""
        await self._weigh()
        await self.scale.remove_load()

    async def _weigh(self) -> None:
        await self.scale.wait_for_lamp("zero")
        await self.scale.put_load(self.chance.randint(*GRAMS_OF_A_PURCHASE))
        await self.scale.wait_until(lambda: "stable" in self.scale.lamps and "zero" not in self.scale.lamps)

    def _is_refused(self) -> bool:
        return any(FROZEN in line for line in self.scale.screen)


async def trade(vendor: Vendor, sales: int, sold: Callable[[Vendor, bytes], None]) -> None:
    """Let one vendor make `sales` sales; every seventh customer only looks. `sold` hears of each slip."""
    await vendor.open_stall()
    for number in range(1, sales + 1):
        if number % 7 == 0:
            await vendor.browse()
        if vendor.power_cut_due:
            vendor.power_cut_due = False
            await vendor.scale.restart()
        try:
            sold(vendor, await vendor.serve())
        except Unavailable as trouble:
            raise Unavailable(trouble.code, f"{vendor.stall.scale}, sale {number}: {trouble.detail}") from trouble


async def morning(vendors: list[Vendor], sales_each: int, sold: Callable[[Vendor, bytes], None]) -> None:
    """Run all stalls at once until each has made its sales; the first failure ends the morning."""
    try:
        async with asyncio.TaskGroup() as stalls:
            for vendor in vendors:
                stalls.create_task(trade(vendor, sales_each, sold))
    except ExceptionGroup as troubles:
        raise troubles.exceptions[0] from troubles
