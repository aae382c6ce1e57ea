"""The network goes, again and again: gateway or cloud killed, connections reset, connections that carry nothing."""

import asyncio
import contextlib
import itertools
import random
from collections import Counter
from types import TracebackType
from typing import Self

from simulators.proxy import Proxy
from simulators.site import Site

CALM_S = (2.0, 8.0)
OUTAGE_S = (0.2, 4.0)


class Outages:
    """While the context is open something on the way up fails every few seconds; at its end all of it works again."""

    def __init__(self, site: Site, wire: Proxy, chance: random.Random) -> None:
        self.done: Counter[str] = Counter()
        self._site = site
        self._wire = wire
        self._chance = chance

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._fail())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        for service in (self._site.cloud, self._site.gateway):
            if not service.is_running():
                await asyncio.to_thread(service.start)

    async def _fail(self) -> None:
        kinds = ["cloud", "gateway", "reset", "silence"]
        self._chance.shuffle(kinds)
        for kind in itertools.cycle(kinds):
            await asyncio.sleep(self._chance.uniform(*CALM_S))
            self.done[kind] += 1
            if kind == "reset":
                self._wire.reset()
            elif kind == "silence":
                self._wire.silence()
            else:
                service = getattr(self._site, kind)
                await asyncio.to_thread(service.kill)
                await asyncio.sleep(self._chance.uniform(*OUTAGE_S))
                # Shielded: a start that is given up half-way would leave a process that nobody knows.
                await asyncio.shield(asyncio.to_thread(service.start))
