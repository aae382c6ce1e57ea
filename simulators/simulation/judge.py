"""What must be true of everything that comes down, after every step: the oracle of the other direction.

A device acts only on what the cloud sealed for it, never on an older statement than the last one, and what it acted on
stands on its flash whatever the power does. When all is calm it goes by what people ordered last.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from tracewire import cose, feed
from tracewire.p256 import VerifyingKey

from simulators.simulation.oracle import Oracle

CLOCK_ERROR_MS = 33_000
"""Of a signed time: 30 s that an answer may be old (spec 14.5), 2 s that nobody corrects, 1 s of rounding."""

Word = tuple[str, int]
"""Device and kind of statement."""


class Listener(Protocol):
    """A device as the judge sees it."""

    def in_force(self, kind: int) -> list[list[Any]]:
        """Return what the device goes by, as the rows of a statement."""


class Judge:
    """Hears what people order, what the cloud seals and what devices act on."""

    def __init__(self, oracle: Oracle, cloud_key: VerifyingKey, kids: dict[str, bytes]) -> None:
        self._require = oracle.require
        self._cloud_key = cloud_key
        self._kids = kids
        self._sealed: dict[Word, dict[int, list[list[Any]]]] = {(name, kind): {} for name in kids for kind in _KINDS}
        self._acted: dict[Word, int] = dict.fromkeys(self._sealed, 0)
        self._ordered: dict[Word, list[list[Any]]] = {}
        self._robbed: set[str] = set()
        self.acts = 0

    def ordered(self, kind: int, rows: Sequence[Sequence[Any]], device: str = "") -> None:
        """People have given an order to a device, or to all, and it is on the cloud's disk."""
        for name in [device] if device else self._kids:
            self._ordered[name, kind] = [list(row) for row in rows]

    def sealed(self, device: str, kind: int, serial: int, sealed: bytes) -> None:
        """The cloud has sealed a statement: under a number that only rises, and for this device."""
        statements = self._sealed[device, kind]
        if serial in statements:
            return
        statement = feed.decode(cose.open(sealed, cose.FEED, self._cloud_key).payload)
        said = (statement.kid, statement.kind, statement.serial)
        self._require(
            said == (self._kids[device], kind, serial), f"the cloud sealed {said} as {device} {kind} {serial}"
        )
        self._require(serial > max(statements, default=0), f"{device}: a statement with the old serial {serial}")
        statements[serial] = [list(row) for row in statement.body]

    def woke(self, device: str, serials: dict[int, int]) -> None:
        """A device has read its flash: what it acted on stands there, unless somebody put an old image back."""
        if device in self._robbed:
            self._robbed.remove(device)
            self._acted.update({(device, kind): serials[kind] for kind in _KINDS})
        for kind in _KINDS:
            at, acted = serials[kind], self._acted[device, kind]
            self._require(at == acted, f"{device} acted on {feed.KINDS[kind]} {acted}, and its flash has {at}")

    def acted(self, device: str, statement: Any) -> None:
        """A device acts on a statement, which is on its flash."""
        word, what = (device, statement.kind), f"{device} acts on {feed.KINDS[statement.kind]} {statement.serial}"
        body = self._sealed[word].get(statement.serial)
        self._require(body == [list(row) for row in statement.body], what + ", which nobody sealed for it")
        self._require(statement.serial > self._acted[word], what + f" after {self._acted[word]}")
        self._acted[word] = statement.serial
        self.acts += 1

    def robbed(self, device: str) -> None:
        """An old image of the flash was put back: what it knows is what it begins with."""
        self._robbed.add(device)

    def signed_time(self, error_ms: int) -> None:
        """A device has believed a signed time; ``error_ms`` is how wrong its clock is now."""
        self._require(abs(error_ms) <= CLOCK_ERROR_MS, f"a clock is {error_ms} ms off by a signed time")

    def follows(self, device: str, listener: Listener) -> bool:
        """Tell whether a device does as people ordered last."""
        return not self._amiss(device, listener)

    def require_follows(self, device: str, listener: Listener) -> None:
        """After the calm: it does."""
        amiss = self._amiss(device, listener)
        self._require(not amiss, f"{device} never heard the newest {', '.join(amiss)}")

    def _amiss(self, device: str, listener: Listener) -> list[str]:
        orders = {kind: rows for (name, kind), rows in self._ordered.items() if name == device}
        return [feed.KINDS[kind] for kind, rows in orders.items() if not _is_alike(listener.in_force(kind), rows)]


_KINDS = (feed.PRICES, feed.STOCK, feed.FREEZE, feed.FIRMWARE, feed.STOPS)
"""Of the cloud; a time is a gateway's answer, and has no serial."""


def _is_alike(rows: list[list[Any]], others: list[list[Any]]) -> bool:
    return sorted(rows) == sorted(others)
