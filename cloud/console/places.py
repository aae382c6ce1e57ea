"""Queries on the tables of ``projection``, each within a scope and by pages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, exists, func, select, tuple_
from tracewire.vocabulary import DECISIONS

from cloud.batches.stock import Stop
from cloud.console.projection import card_decisions, lot_sellers, seller_decisions, seller_places
from cloud.console.scope import Scope
from cloud.db.keyset import Mark, Order, Page, page_of


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


def lots(connection: Connection, scope: Scope, prefix: str, mark: Mark, limit: int) -> Page[Seen]:
    """Return a page of lots whose code begins so, the one that something happened to last first."""
    table = scope.of_lots()
    return _newest_first(connection, scope, table.c.lot, prefix, mark=mark, limit=limit)


def of_lots(connection: Connection, scope: Scope, codes: Iterable[str]) -> dict[str, Seen]:
    """Return which of these lots a scope sees."""
    table = scope.of_lots()
    return _between(connection, scope, table.c.lot, codes)


def sellers(connection: Connection, scope: Scope, prefix: str, mark: Mark, limit: int) -> Page[Seen]:
    """Return a page of sellers whose code begins so, the one that signed in last first."""
    return _newest_first(connection, scope, seller_places.c.seller, prefix, mark=mark, limit=limit)


def of_sellers(connection: Connection, scope: Scope, codes: Iterable[str]) -> dict[str, Seen]:
    """Return which of these sellers a scope sees."""
    return _between(connection, scope, seller_places.c.seller, codes)


def _newest_first(
    connection: Connection, scope: Scope, code: Column[str], prefix: str, *, mark: Mark, limit: int
) -> Page[Seen]:
    """Return a page of codes by their newest rows: walked in the order of an index, and never all grouped."""
    table = code.table
    later = table.alias("later")
    rest = [column.name for column in table.primary_key if column is not code]
    place = [tuple_(each.c.last_ms, *(each.c[name] for name in rest)) for each in (later, table)]
    has_later = exists().where(later.c[code.name] == code, scope.on(later), place[0] > place[1])
    newest = select(code, table.c.last_ms).where(code.startswith(prefix, autoescape=True), scope.on(table), ~has_later)
    order = Order((table.c.last_ms, code), is_descending=True)
    found = connection.execute(order.cut(newest, mark, limit)).all()
    page = page_of(found, mark, limit, lambda row: (row.last_ms, row[0]))
    seen = _between(connection, scope, code, [row[0] for row in page.rows])
    return page.showing([seen[row[0]] for row in page.rows])


def _between(connection: Connection, scope: Scope, code: Column[str], codes: Iterable[str]) -> dict[str, Seen]:
    table = code.table
    chosen = select(code, func.min(table.c.first_ms), func.max(table.c.last_ms)).where(
        code.in_(list(codes)), scope.on(table)
    )
    return {row[0]: Seen(*row) for row in connection.execute(chosen.group_by(code))}


def stands_of(connection: Connection, scope: Scope, codes: Iterable[str]) -> list[Stand]:
    """Return where these sellers trade, within a scope."""
    columns = seller_places.c
    chosen = select(seller_places).where(columns.seller.in_(list(codes)), scope.on(seller_places))
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
