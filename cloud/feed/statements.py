"""Sealing what was ordered, for each device that it concerns, at the moment a gateway asks.

Why only then: the list of devices changes (one is enrolled, one gets a new key), statements run out, and an order must
reach whoever is there now. So every pull first makes good what is missing. A device hears only of its own orders, a
gateway only of the devices of its site.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row
from tracewire import cbor, cose, feed
from tracewire.credential import Credential
from tracewire.errors import Rejected
from tracewire.p256 import SigningKey

from cloud.db.engine import Store
from cloud.feed import store as tables
from cloud.feed import told
from cloud.feed.store import EVERYONE
from cloud.registry import RegistryFile, Roll

VALID_MS = 30 * 86_400_000
"""How long a device that was off may still act on a statement."""
RENEW_MS = VALID_MS // 2
"""Sealed anew when less than this is left."""
SELLERS = ("scale", "terminal")
"""Who acts on an order for EVERYONE."""
_CARD_READERS = (*SELLERS, "rail")
"""Who acts on one that stops people and cards: a line hands carcasses over to the holder of a card."""
MOST_AT_ONCE = 1_000
"""Statements in one answer; a gateway asks on from the version it got."""


@dataclass(frozen=True)
class News:
    """What a gateway has not heard: up to ``version``; ``rows`` are (device, kind, serial, sealed statement)."""

    version: int
    rows: tuple[tuple[str, int, int, bytes], ...]

    def encode(self) -> bytes:
        """Return the answer to ``GET /v1/feed`` (spec 14.7)."""
        return cbor.encode({1: 1, 2: self.version, 3: [list(row) for row in self.rows]})


class Statements:
    """The feeds of all gateways. ``key`` is the cloud's record key: devices know it as a level 2 keeper."""

    def __init__(self, store: Store, registry: RegistryFile, key: SigningKey, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._registry = registry
        self._key = key
        self._now_ms = now_ms
        # Under this registry, while no number is higher, every statement is good up to this time.
        self._level: tuple[Roll | None, int, int] = (None, 0, 0)

    def since(self, gateway: str, version: int) -> News:
        """Return what is newer than ``version`` for a gateway; ``Rejected("feed.gateway")`` when it is none."""
        roll = self._registry.current()
        asker = roll.current(gateway)
        if asker is None or asker.role != "gateway" or asker.state == "revoked":
            raise Rejected("feed.gateway", "the registry knows no such gateway")
        told.note(self._store, gateway, version, self._now_ms(), lambda name: _serves(asker, roll.current(name)))
        if self._is_behind(roll):
            self._make_good(roll)
        with self._store.reader.connect() as connection:
            rows = tables.statements_after(connection, version, MOST_AT_ONCE)
            newest = rows[-1].version if len(rows) == MOST_AT_ONCE else tables.newest_version(connection)
        served = [row for row in rows if _serves(asker, roll.current(row.device))]
        return News(newest, tuple((row.device, row.kind, row.version, row.sealed) for row in served))

    def _is_behind(self, roll: Roll) -> bool:
        """Tell whether a statement is missing or runs out; most pulls find everything as the last look left it."""
        now_ms = self._now_ms()
        with self._store.reader.connect() as connection:
            newest = tables.newest_version(connection)  # read first: what is committed meanwhile is seen next time
            known_roll, known_newest, good_until_ms = self._level
            if known_roll is roll and known_newest == newest and now_ms <= good_until_ms:
                return False
            wanted = list(_wanted(connection, roll))
        if any(_is_due(*each, now_ms) for each in wanted):
            return True
        ends_ms = min((held.expires_ms for _, _, held in wanted if held), default=now_ms + VALID_MS)
        self._level = (roll, newest, ends_ms - RENEW_MS)
        return False

    def _make_good(self, roll: Roll) -> None:
        with self._store.alone() as connection:
            version = tables.next_version(connection, self._now_ms())
            for credential, order, held in list(_wanted(connection, roll)):
                if not _is_due(credential, order, held, self._now_ms()):
                    continue
                tables.keep_statement(connection, credential.name, order.kind, self._seal(credential, order, version))
                version += 1

    def _seal(self, credential: Credential, order: Row[Any], version: int) -> dict[str, Any]:
        now_ms = self._now_ms()
        body: Any = cbor.decode(order.body)
        statement = feed.Statement(credential.kid, order.kind, version, now_ms, now_ms + VALID_MS, body)
        return {
            "version": version,
            "order_version": order.version,
            "kid": credential.kid,
            "expires_ms": statement.expires_ms,
            "sealed": cose.seal(statement.encode(), cose.FEED, self._key),
        }


def _wanted(connection: Connection, roll: Roll) -> Iterator[tuple[Credential, Row[Any], Row[Any] | None]]:
    """Yield each device and order that concerns it, with the statement that it has, if it has one."""
    orders = {(row.kind, row.device): row for row in tables.all_orders(connection)}
    sealed = tables.sealed_for(connection)
    for kind in {kind for kind, _ in orders}:
        for credential in _current(roll):
            order = orders.get((kind, credential.name))
            if order is None and credential.role in (_CARD_READERS if kind == feed.STOPS else SELLERS):
                order = orders.get((kind, EVERYONE))
            if order is not None:
                yield credential, order, sealed.get((credential.name, kind))


def _is_due(credential: Credential, order: Row[Any], held: Row[Any] | None, now_ms: int) -> bool:
    """Tell whether a statement has to be sealed: there is none, or of an older order or key, or it runs out soon."""
    if held is None or (held.order_version, held.kid) != (order.version, credential.kid):
        return True
    return bool(held.expires_ms < now_ms + RENEW_MS)


def _current(roll: Roll) -> Iterator[Credential]:
    """Yield the newest credential of every device that is not revoked."""
    for credential in roll.registry.credentials:
        if roll.current(credential.name) is credential and credential.state != "revoked":
            yield credential


def _serves(gateway: Credential, device: Credential | None) -> bool:
    """Tell whether a device may come to this gateway: one without a site serves everybody."""
    return device is not None and (not gateway.site or not device.site or gateway.site == device.site)
