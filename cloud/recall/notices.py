"""Who was told of a recall, and when: the order, the gateway that took it, and what the device itself recorded.

A device is told when the list names every lot of the case that it sold; one that sold none, when it names the recalled
lot. Three moments of three clocks: the order's is the cloud's, the taking is the cloud's as well, the device's own is
the device's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from cloud.feed import told
from cloud.feed.statements import SELLERS
from cloud.feed.told import Taken
from cloud.recall import heard
from cloud.recall.heard import Heard
from cloud.registry import Roll
from cloud.trace.forward import Spread


@dataclass(frozen=True)
class Told:
    """What one selling device sold and was told; moments are None for what is not known to have happened.

    ``taken_ms``: its gateway had the list on disk. ``heard_ms``: the device's own record at ``heard_index`` says so.
    """

    device: str
    site: str
    stall: str | None
    seller: str | None
    sales: int
    sold_grams: int
    frozen_ms: int | None
    gateway: str | None
    taken_ms: int | None
    heard_ms: int | None
    heard_index: int | None


@dataclass
class _Sold:
    site: str = ""
    sales: int = 0
    grams: int = 0
    lots: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notices:
    """Everything known of the freeze lists of one case."""

    frozen: dict[str, tuple[int, int]]
    """By lot: version and time of the order that froze it."""
    taken: dict[str, list[Taken]]
    heard: dict[str, list[Heard]]

    @classmethod
    def read(cls, ledger: Connection, graph: Connection, way: Spread, decided_ms: int | None) -> "Notices":
        """Read what followed the first decision of a case, committed at ``decided_ms``; None when there is none."""
        if decided_ms is None:
            return cls({}, {}, {})
        frozen = told.frozen_since(ledger, [fate.lot for fate in way.fates], decided_ms)
        if not frozen:
            return cls({}, {}, {})
        first = min(version for version, _ in frozen.values())
        return cls(frozen, _by_device(told.takings(ledger, first)), _by_device(heard.after(graph, first)))

    def told(self, roll: Roll, way: Spread) -> list[Told]:
        """Return a row for everybody who sold of the lots, most first, then for every other seller in the registry."""
        sold = _sold(way)
        others = {each.name for each in roll.registry.credentials if each.role in SELLERS and each.state != "revoked"}
        devices = sorted(sold, key=lambda device: (-sold[device].grams, device)) + sorted(others - sold.keys())
        return [self._row(roll, device, sold.get(device, _Sold(lots=(way.fates[0].lot,)))) for device in devices]

    def _row(self, roll: Roll, device: str, sold: _Sold) -> Told:
        credential = roll.current(device)
        version, frozen_ms = max((self.frozen[lot] for lot in sold.lots if lot in self.frozen), default=(None, None))
        taken = own = None
        if version is not None:
            taken = next((each for each in self.taken.get(device, ()) if each.order_version >= version), None)
            own = next((each for each in self.heard.get(device, ()) if each.serial > version), None)
        return Told(
            device=device,
            site=sold.site or (credential.site if credential else None) or "",
            stall=credential.stall if credential else None,
            seller=credential.seller if credential else None,
            sales=sold.sales,
            sold_grams=sold.grams,
            frozen_ms=frozen_ms,
            gateway=taken.gateway if taken else None,
            taken_ms=taken.taken_ms if taken else None,
            heard_ms=own.moment_ms if own else None,
            heard_index=own.index if own else None,
        )


def _sold(way: Spread) -> dict[str, _Sold]:
    found: dict[str, _Sold] = {}
    for fate in way.fates:
        for outlet in fate.outlets:
            row = found.setdefault(outlet.device, _Sold(outlet.site))
            row.sales += outlet.sales
            row.grams += outlet.grams
            row.lots += (fate.lot,)
    return found


_OfDevice = TypeVar("_OfDevice", Taken, Heard)


def _by_device(rows: Iterable[_OfDevice]) -> dict[str, list[_OfDevice]]:
    found: dict[str, list[_OfDevice]] = {}
    for row in rows:
        found.setdefault(row.device, []).append(row)
    return found
