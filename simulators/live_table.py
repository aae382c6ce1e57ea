"""The live table of the demo: who signed how much, what is committed, receipts, quarantine."""

import threading
import time
from types import TracebackType

import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table

from simulators.accounting import FlashReader
from simulators.market import Vendor
from simulators.site import Site
from simulators.upstream import UpstreamDevice

REFRESH_S = 0.5
FLASH_EVERY_S = 2.0
"""How often the scales' flash is read: each time starts the shipped journal code once a scale."""


class LiveTable:
    """Redraws twice a second while its context is open; on a pipe it prints a line every ten seconds instead."""

    def __init__(self, console: Console, site: Site, nodes: list[UpstreamDevice]) -> None:
        self.vendors: list[Vendor] = []
        self._console = console
        self._site = site
        self._nodes = nodes
        self._live = Live(console=console, auto_refresh=False)
        self._ended = threading.Event()
        self._flashes: dict[str, FlashReader] = {}
        self._flashes_read_at = 0.0
        self._thread = threading.Thread(target=self._run, name="live-table", daemon=True)

    def __enter__(self) -> "LiveTable":
        if self._console.is_terminal:
            self._live.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Draw for the last time; also right when stopped already."""
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join()
            self._live.stop()

    def refresh(self) -> None:
        """Draw now."""
        figures = self._figures()
        if self._console.is_terminal:
            self._live.update(self._table(figures), refresh=True)
        else:
            self._console.print("  ".join(f"{name} {value}" for name, value in figures.items()))

    def _run(self) -> None:
        pause_s = REFRESH_S if self._console.is_terminal else 10.0
        while not self._ended.wait(pause_s):
            self.refresh()

    def _figures(self) -> dict[str, object]:
        cloud = _scrape(f"{self._site.url}/metrics")
        gateway = _scrape(f"http://127.0.0.1:{self._site.status_port}/metrics")
        return {
            "devices": len(self._nodes) + len(self.vendors),
            "signed": self._signed(),
            "slips": sum(len(vendor.slips) for vendor in self.vendors),
            "kept at gateway": _sum(gateway, "chengxin_gateway_records_kept_total"),
            "committed": _sum(cloud, "chengxin_cloud_ledger_records"),
            "receipts": _sum(gateway, "chengxin_gateway_receipts_total"),
            "quarantined": _sum(cloud, "chengxin_cloud_records_quarantined_total"),
        }

    def _signed(self) -> int:
        """Count what every device has signed, by the devices' own word: node histories and journals on flash."""
        if time.monotonic() - self._flashes_read_at > FLASH_EVERY_S:
            self._flashes_read_at = time.monotonic()
            for vendor in self.vendors:
                flash = self._site.flash(vendor.stall)
                self._flashes.setdefault(vendor.stall.scale, FlashReader(self._site.image, flash)).refresh()
        return sum(node.signed for node in self._nodes) + sum(flash.signed for flash in self._flashes.values())

    def _table(self, figures: dict[str, object]) -> Table:
        table = Table(title="Chengxin 秤信: a market morning", title_justify="left")
        for name in figures:
            table.add_column(name, justify="right")
        table.add_row(*map(str, figures.values()))
        for vendor in self.vendors:
            table.add_section()
            table.add_row(vendor.stall.scale, str(len(vendor.slips)), *(vendor.scale.screen[:4] or ["off"]))
        return table


def _scrape(url: str) -> dict[str, float] | None:
    """Return a Prometheus page as name with labels -> value; None while the program is down."""
    try:
        lines = httpx.get(url, timeout=1.0).text.splitlines()
    except httpx.TransportError:
        return None
    pairs = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def _sum(figures: dict[str, float] | None, name: str) -> object:
    if figures is None:
        return "down"
    return int(sum(value for key, value in figures.items() if key.partition("{")[0] == name))
