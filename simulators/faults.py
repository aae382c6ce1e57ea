"""Trouble on purpose: kill the cloud, the gateway or a scale while the market trades, and start it again.

Why SIGKILL and real processes: nothing may depend on a clean end. Seeded, so a morning with trouble can be had again.
"""

import asyncio
import itertools
import random
from types import TracebackType

from simulators.market import Vendor
from simulators.site import Site

CALM_S = (1.5, 5.0)
"""Between two faults."""
OUTAGE_S = (0.2, 3.0)
"""How long a killed program stays down."""


class Faults:
    """While the context is open and `enabled`, something dies every few seconds, each kind in turn, and comes back."""

    def __init__(self, site: Site, vendors: list[Vendor], seed: int, *, enabled: bool) -> None:
        self.killed: list[str] = []
        self._site = site
        self._vendors = vendors
        self._chance = random.Random(seed)
        self._enabled = enabled
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Faults":
        if self._enabled:
            self._task = asyncio.create_task(self._trouble())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is None:
            return
        self._task.cancel()
        try:
            await self._task
        except asyncio.CancelledError:
            return

    async def _trouble(self) -> None:
        victims = ["cloud", "gateway", "scale"]
        self._chance.shuffle(victims)
        for victim in itertools.cycle(victims):
            await asyncio.sleep(self._chance.uniform(*CALM_S))
            self.killed.append(victim)
            if victim == "scale":
                self._chance.choice(self._vendors).power_cut_due = True
                continue
            service = getattr(self._site, victim)
            service.kill()
            await asyncio.sleep(self._chance.uniform(*OUTAGE_S))
            await asyncio.to_thread(service.start)
