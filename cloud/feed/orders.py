"""What people order: prices, stock, freezes, stops, firmware. Console, recall and command line call this.

An order is data, sealed by nobody here: the running cloud seals it for each device when a gateway asks next
(``cloud/feed/statements.py``), so whoever gives orders needs no key. An order that returned is on disk.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, update
from tracewire import feed, topics
from tracewire.errors import Misuse, Rejected
from tracewire.fields import LOT_CODE

from cloud.db.engine import Store
from cloud.db.upsert import insert
from cloud.feed import store as tables
from cloud.feed.store import EVERYONE

_NOBODY = bytes(8)


@dataclass(frozen=True)
class Price:
    """One row of a price list: PLU number 1 to 99, name on screen and slip, price in fen per kilogram."""

    plu: int
    name: str
    price_fen_per_kg: int


def order_prices(store: Store, device: str, prices: Sequence[Price], now_ms: int) -> int:
    """Replace the whole price list of a device, or of EVERYONE who sells; return the order's version.

    ``Rejected("feed.gbk")`` for a name that no slip printer can print, ``Rejected("feed.order")`` when out of bounds.
    """
    if len({price.plu for price in prices}) != len(prices):
        raise Rejected("feed.order", "a PLU number occurs twice")
    rows = [(price.plu, price.name, _gbk(price.name), price.price_fen_per_kg) for price in prices]
    return _order(store, feed.PRICES, device, rows, now_ms)


def order_stock(store: Store, device: str, left_grams: Sequence[tuple[str, int]], now_ms: int) -> int:
    """Tell a device how much of each of its lots is left, as (lot, grams); return the order's version."""
    return _order(store, feed.STOCK, device, left_grams, now_ms)


@dataclass(frozen=True)
class Release:
    """A firmware release: SHA-256 of its manifest bundle, security version, path on the gateway."""

    digest: bytes
    security_version: int
    path: str


def offer_firmware(store: Store, device: str, release: Release, now_ms: int) -> int:
    """Offer a release to a device, or to EVERYONE who sells; return the order's version."""
    row = (release.digest, release.security_version, release.path)
    return _order(store, feed.FIRMWARE, device, [row], now_ms)


def freeze(store: Store, lot: str, reason: str, now_ms: int) -> int:
    """Let no scale and no terminal sell ``lot`` from now on; return the order's version.

    Freezing twice keeps the first reason. ``Rejected("feed.lot")`` for no lot code, ``Rejected("feed.order")`` when
    more lots are frozen than a device can hold.
    """
    if not LOT_CODE.check(lot):
        raise Rejected("feed.lot", "8 to 24 digits expected")
    with store.alone() as connection:
        frozen = insert(connection, tables.frozen).values(lot=lot, reason=reason, since_ms=now_ms)
        is_new = connection.execute(frozen.on_conflict_do_nothing()).rowcount == 1
        version = _order_freeze(connection, now_ms)
        if is_new:
            connection.execute(tables.freezes.insert().values(lot=lot, version=version, since_ms=now_ms))
        return version


def unfreeze(store: Store, lot: str, now_ms: int) -> int:
    """Let ``lot`` be sold again; return the order's version. ``Rejected("feed.lot")`` when it is not frozen."""
    with store.alone() as connection:
        if not connection.execute(delete(tables.frozen).where(tables.frozen.c.lot == lot)).rowcount:
            raise Rejected("feed.lot", f"{lot} is not frozen")
        ended = update(tables.freezes).where(tables.freezes.c.lot == lot, tables.freezes.c.until_ms.is_(None))
        connection.execute(ended.values(until_ms=now_ms))
        return _order_freeze(connection, now_ms)


def order_stops(store: Store, sellers: Collection[str], cards: Collection[bytes], now_ms: int) -> int | None:
    """Let these sellers and these cards, by number, alone be stopped; return the order's version, None when they are.

    ``Rejected("feed.order")`` when there are more than a device can hold.
    """
    row = [b"".join(sorted(map(feed.seller_name, sellers))), b"".join(sorted(map(feed.card_name, cards)))]
    with store.reader.connect() as connection:
        held = tables.body_of(connection, feed.STOPS, EVERYONE)
    if held == [row] or not (held or any(row)):
        return None
    return _order(store, feed.STOPS, EVERYONE, [row], now_ms)


def _order_freeze(connection: Connection, now_ms: int) -> int:
    rows = [(row.lot,) for row in tables.frozen_lots(connection)]
    _check(feed.FREEZE, rows)
    return tables.keep_order(connection, feed.FREEZE, EVERYONE, rows, now_ms)


def _order(store: Store, kind: int, device: str, rows: Sequence[Sequence[object]], now_ms: int) -> int:
    if device != EVERYONE and not topics.is_name(device):
        raise Rejected("feed.device", f"{device!r} is no device name")
    _check(kind, rows)
    with store.alone() as connection:
        return tables.keep_order(connection, kind, device, rows, now_ms)


def _check(kind: int, rows: Sequence[Sequence[object]]) -> None:
    """Refuse what no statement could carry, before anybody is told that it was ordered."""
    try:
        feed.Statement(_NOBODY, kind, 1, 0, 1, rows).encode()
    except Misuse as wrong:
        raise Rejected("feed.order", f"{feed.KINDS[kind]}: a value, or the number of rows, is out of bounds") from wrong


def _gbk(text: str) -> bytes:
    try:
        return text.encode("gbk")
    except UnicodeEncodeError as problem:
        raise Rejected("feed.gbk", f"{text[problem.start : problem.end]!r} in {text!r} is not in GBK") from problem
