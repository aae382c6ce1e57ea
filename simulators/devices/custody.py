"""Where the records are: signed on devices, at the gateway, committed by the cloud; and the two lines one can cut.

Signed is read from the devices themselves: the shipped journal code opens a copy of each flash image. Gateway and cloud
are asked for their metrics; a counter that starts again with its program is added up here.
"""

import asyncio
from collections.abc import Sequence

import httpx
from prometheus_client.parser import text_string_to_metric_families
from tracewire.errors import Rejected, TracewireError

from simulators.accounting import FlashReader
from simulators.devices.bell import Bell
from simulators.service import Service
from simulators.site import Site
from simulators.upstream import UpstreamDevice

REFRESH_S = 1.0
TIMEOUT_S = 2.0


class Meter:
    """A counter that outlives the program that counts."""

    def __init__(self) -> None:
        self.total = 0
        self._last = 0

    def read(self, value: float) -> None:
        """Take the program's own figure; a smaller one than before means that it has started again."""
        now = int(value)
        self.total += now - self._last if now >= self._last else now
        self._last = now


class Custody:
    """The figures beside the devices, and the switches of the lines; ``bell`` rings when ``state`` has changed."""

    def __init__(self, site: Site, flashes: dict[str, FlashReader], nodes: Sequence[UpstreamDevice]) -> None:
        self.bell = Bell()
        self._site = site
        self._flashes = flashes
        self._nodes = nodes
        self._lines: dict[str, Service] = {"network": site.gateway, "uplink": site.cloud}
        self._busy: set[str] = set()
        self._trouble: dict[str, str] | None = None
        self._kept, self._quarantined_here, self._quarantined_there = Meter(), Meter(), Meter()
        self._committed = 0

    def state(self) -> dict[str, object]:
        """Return figures, lines and what is wrong, as the page shows them."""
        devices = {name: flash.signed for name, flash in self._flashes.items()}
        at_gateway = max(self._kept.total, self._committed)
        return {
            "devices": devices,
            "signed": max(sum(devices.values()) + sum(node.signed for node in self._nodes), at_gateway),
            "gateway": at_gateway,
            "committed": self._committed,
            # What the gateway refused under a good signature lies in the cloud's quarantine too.
            "quarantined": max(self._quarantined_here.total, self._quarantined_there.total),
            "lines": {name: self._line(name) for name in self._lines},
            "trouble": self._trouble,
        }

    async def touch(self, message: object) -> None:
        """Cut or mend a line: ``{"network": False}``, ``{"uplink": True}``; Rejected "hand.unknown" for another."""
        name, wanted = next(iter(message.items())) if isinstance(message, dict) and len(message) == 1 else ("", None)
        if name not in self._lines or not isinstance(wanted, bool):
            raise Rejected("hand.unknown", repr(message)[:80])
        if name in self._busy or wanted == self._lines[name].is_running():
            return
        self._busy.add(name)
        self.bell.ring()
        try:
            await self._turn(self._lines[name], wanted)
        finally:
            self._busy.remove(name)
            self.bell.ring()

    async def watch(self) -> None:
        """Bring the figures up to date again and again."""
        while True:
            before = self.state()
            await self._refresh()
            if self.state() != before:
                self.bell.ring()
            await asyncio.sleep(REFRESH_S)

    async def _turn(self, service: Service, wanted: bool) -> None:
        try:
            if wanted:
                self._trouble = None
                await asyncio.to_thread(service.start)
            else:
                await self._refresh()  # its counters die with it
                await asyncio.to_thread(service.stop)
        except TracewireError as trouble:
            self._trouble = {"code": trouble.code, "detail": trouble.detail.strip().rpartition("\n")[2]}

    async def _refresh(self) -> None:
        for flash in self._flashes.values():
            await asyncio.to_thread(flash.refresh)
        gateway = await _scrape(f"http://127.0.0.1:{self._site.status_port}/metrics")
        cloud = await _scrape(f"{self._site.url}/metrics")
        if gateway is not None:
            self._kept.read(gateway["chengxin_gateway_records_kept_total"])
            self._quarantined_here.read(gateway.get("chengxin_gateway_quarantined_total", 0))
        if cloud is not None:
            self._committed = int(cloud["chengxin_cloud_ledger_records"])
            self._quarantined_there.read(cloud.get("chengxin_cloud_records_quarantined_total", 0))

    def _line(self, name: str) -> str:
        if name in self._busy:
            return "busy"
        return "up" if self._lines[name].is_running() else "down"


async def _scrape(url: str) -> dict[str, float] | None:
    """Return a Prometheus page as name -> sum over its labels; None while the program is down."""
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            page = (await client.get(url)).text
    except httpx.TransportError:
        return None
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0) + sample.value
    return sums
