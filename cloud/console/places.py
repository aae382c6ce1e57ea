"""Queries on the tables of ``projection``, each within a scope and by pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select
from tracewire.vocabulary import DECISIONS

from cloud.batches.stock import Stop
from cloud.console.projection import card_decisions, lot_places, lot_sellers, seller_decisions, seller_places
from cloud.console.scope import Scope


@dataclass(frozen=True)
class Seen:
    """A lot or a seller, and between which moments it was seen within a scope."""

    code: str
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class Stand:
    """A device at which a seller signed in."""

    seller: str
    site: str
    device: str
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class Lost:
    """A card, by its number, that decision ``index`` reports lost."""

    card: str
    seller: str
    index: int
    moment_ms: int


def lots(connection: Connection, scope: Scope, prefix: str, limit: int, start: int) -> list[Seen]:
    """Return lots whose code begins so, the one that something happened to last first."""
    columns = _of_lots(scope).c
    newest = func.max(columns.last_ms)
    chosen = select(columns.lot, func.min(columns.first_ms), newest).where(
        columns.lot.startswith(prefix, autoescape=True), scope.on_lots()
    )
    ordered = chosen.group_by(columns.lot).order_by(newest.desc(), columns.lot.desc())
    return [Seen(*row) for row in connection.execute(ordered.limit(limit).offset(start))]


def of_lots(connection: Connection, scope: Scope, codes: Iterable[str]) -> dict[str, Seen]:
    """Return which of these lots a scope sees."""
    columns = _of_lots(scope).c
    chosen = select(columns.lot, func.min(columns.first_ms), func.max(columns.last_ms)).where(
        columns.lot.in_(list(codes)), scope.on_lots()
    )
    return {row[0]: Seen(*row) for row in connection.execute(chosen.group_by(columns.lot))}


def _of_lots(scope: Scope) -> Table:
    return lot_sellers if scope.seller else lot_places


def sellers(connection: Connection, scope: Scope, prefix: str, limit: int, start: int) -> list[Seen]:
    """Return sellers whose code begins so, the one that signed in last first."""
    columns = seller_places.c
    newest = func.max(columns.last_ms)
    chosen = select(columns.seller, func.min(columns.first_ms), newest).where(
        columns.seller.startswith(prefix, autoescape=True), scope.sellers()
    )
    ordered = chosen.group_by(columns.seller).order_by(newest.desc(), columns.seller)
    return [Seen(*row) for row in connection.execute(ordered.limit(limit).offset(start))]


def stands_of(connection: Connection, scope: Scope, codes: Iterable[str]) -> list[Stand]:
    """Return where these sellers trade, within a scope."""
    columns = seller_places.c
    chosen = select(seller_places).where(columns.seller.in_(list(codes)), scope.sellers())
    ordered = chosen.order_by(columns.seller, columns.site, columns.device)
    return [Stand(**row._mapping) for row in connection.execute(ordered)]


def decided(connection: Connection, codes: Iterable[str]) -> dict[str, Sequence[Stop]]:
    """Return what was decided of these sellers, oldest first."""
    columns = seller_decisions.c
    chosen = select(seller_decisions).where(columns.seller.in_(list(codes)))
    found: dict[str, list[Stop]] = {}
    for row in connection.execute(chosen.order_by(columns.moment_ms, columns.idx)):
        found.setdefault(row.seller, []).append(Stop(row.idx, row.moment_ms, DECISIONS[row.decision]))
    return dict(found)


def suspended(connection: Connection) -> list[str]:
    """Return the sellers whose newest decision suspends them, the one decided last first."""
    columns = seller_decisions.c
    ever = select(columns.seller).where(columns.decision == DECISIONS.index("suspend")).distinct()
    newest = {code: stops[-1] for code, stops in decided(connection, connection.execute(ever).scalars()).items()}
    found = [code for code, stop in newest.items() if stop.word == "suspend"]
    return sorted(found, key=lambda code: (newest[code].moment_ms, newest[code].index), reverse=True)


def lost_cards(connection: Connection, seller: str = "") -> list[Lost]:
    """Return the cards that are reported lost, of one seller or of all, the one reported last first.

    A card is found again by the word of the same seller's market: that of another lifts nothing.
    """
    columns = card_decisions.c
    chosen = select(card_decisions).order_by(columns.moment_ms, columns.idx)
    rows = connection.execute(chosen.where(columns.seller == seller) if seller else chosen).all()
    newest = {(row.card, row.seller): row for row in rows}
    lost = [row for row in newest.values() if DECISIONS[row.decision] == "block_card"]
    lost.sort(key=lambda row: (row.moment_ms, row.idx), reverse=True)
    return [Lost(row.card, row.seller, row.idx, row.moment_ms) for row in lost]


def sellers_of(connection: Connection, lot: str) -> list[str]:
    """Return to which sellers a lot was given."""
    chosen = select(lot_sellers.c.seller).where(lot_sellers.c.lot == lot).order_by(lot_sellers.c.seller)
    return list(connection.execute(chosen).scalars())
