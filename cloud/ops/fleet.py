"""The fleet at a glance: counts by heading, and the devices behind them, chosen, sorted and paged by the store.

Why all of it in the store: ten thousand devices are ten thousand rows in one table with a condition for each heading.
A page is chosen by its keys alone, and only its fifty rows are put together from all tables.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    Select,
    and_,
    case,
    func,
    or_,
    select,
)

from cloud.db.engine import LARGEST_INTEGER
from cloud.db.keyset import FIRST, Mark, Order, Page, page_of
from cloud.ops.metrics import Sources, sources
from cloud.ops.register import register
from cloud.ops.rules import TILES, Rule, on_tile
from cloud.ops.tables import devices

ON_A_PAGE = 50
LONGEST_SEARCH = 64

Tile = Literal["tampered", "silent", "drifting", "sick", "full", "paper", "gaps", "verification", "outdated"]
Sort = Literal["name", "heard", "drift", "queue", "battery", "signal", "verified"]


@dataclass(frozen=True)
class Scope:
    """Which devices somebody may see: of one market by its name, of a division by the beginning of its code, or all."""

    site: str = ""
    region: str = ""

    def condition(
        self, site: ColumnElement[str] = register.c.site, division: ColumnElement[str] = register.c.division
    ) -> ColumnElement[bool]:
        """Return the condition on these columns, which are the register's unless others are given."""
        parts: list[ColumnElement[bool]] = []
        if self.site:
            parts.append(site == self.site)
        if self.region:
            parts.append(division.startswith(self.region, autoescape=True))
        return and_(True, *parts)

    def sees(self, site: str, division: str) -> bool:
        """Tell whether a device that stands there is in the scope."""
        return self.site in ("", site) and division.startswith(self.region)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the address of the page asks for."""

    show: Tile | None = None
    text: str = ""
    site: str = ""
    sort: Sort = "name"
    mark: Mark = FIRST


@dataclass(frozen=True)
class Glance:
    """How many devices there are, and how many under each heading."""

    devices: int
    tiles: dict[str, int]


Device = RowMapping
"""A row: the columns of ``ops_register`` and ``fleet_devices``, today's counts, and a flag for each heading."""


class Fleet:
    """Asks one store, at one moment, under one set of rules."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules

    def glance(self, connection: Connection, scope: Scope, now_ms: int) -> Glance:
        """Return the counts for the tiles."""
        tables = sources(now_ms)
        counts = [func.coalesce(func.sum(case((self._on(tile, now_ms, tables), 1), else_=0)), 0) for tile in TILES]
        statement = select(func.count(), *counts).select_from(tables.joined).where(scope.condition())
        every, *found = connection.execute(statement).one()
        return Glance(every, {tile: int(number) for tile, number in zip(TILES, found, strict=True)})

    def page(self, connection: Connection, scope: Scope, wish: Wish, now_ms: int) -> tuple[int, Page[Device]]:
        """Return how many devices the wish finds, and those of its page."""
        tables = sources(now_ms)
        chosen = self._chosen(scope, wish, now_ms, tables)
        counted = tables.joined if wish.show is not None else register
        found = connection.execute(select(func.count()).select_from(counted).where(chosen)).scalar_one()
        order = _ORDER[wish.sort]
        keys = select(*order.columns).select_from(self._sorted(wish, tables)).where(chosen)
        page = page_of(connection.execute(order.cut(keys, wish.mark, ON_A_PAGE)).all(), wish.mark, ON_A_PAGE, tuple)
        return found, page.showing(self._whole(connection, [row[-1] for row in page.rows], now_ms, tables))

    def every(self, connection: Connection, scope: Scope, wish: Wish, now_ms: int) -> Iterator[Device]:
        """Yield all devices that the wish finds, whatever its page."""
        tables = sources(now_ms)
        statement = self._rows(now_ms, tables).where(self._chosen(scope, wish, now_ms, tables))
        yield from connection.execute(statement.order_by(*_ORDER[wish.sort].columns)).mappings()

    def one(self, connection: Connection, scope: Scope, name: str, now_ms: int) -> Device | None:
        """Return one device; None for a name that there is not, or that is not in the scope."""
        tables = sources(now_ms)
        chosen = and_(scope.condition(), register.c.name == name)
        return connection.execute(self._rows(now_ms, tables).where(chosen)).mappings().one_or_none()

    def names(self, connection: Connection, scope: Scope) -> frozenset[str]:
        """Return the devices of a scope."""
        return frozenset(connection.execute(select(register.c.name).where(scope.condition())).scalars())

    def sites(self, connection: Connection, scope: Scope, now_ms: int) -> list[Device]:
        """Return each market with how many devices it has and how many under each heading."""
        tables = sources(now_ms)
        counts = [func.sum(case((self._on(tile, now_ms, tables), 1), else_=0)).label(tile) for tile in TILES]
        worst = func.sum(case((or_(*(self._on(tile, now_ms, tables) for tile in TILES)), 1), else_=0)).label("marked")
        statement = (
            select(register.c.site, func.count().label("devices"), worst, *counts)
            .select_from(tables.joined)
            .where(scope.condition())
            .group_by(register.c.site)
            .order_by(register.c.site)
        )
        return list(connection.execute(statement).mappings())

    def _on(self, tile: str, now_ms: int, tables: Sources) -> ColumnElement[bool]:
        return on_tile(self._rules, tile, now_ms, tables)

    @staticmethod
    def _sorted(wish: Wish, tables: Sources) -> FromClause:
        """Return no more tables than it takes to choose and to sort."""
        if wish.show is not None:
            return tables.joined
        if wish.sort in _OF_REGISTER:
            return register
        return register.outerjoin(devices, devices.c.device == register.c.name)

    def _whole(self, connection: Connection, names: Sequence[str], now_ms: int, tables: Sources) -> list[Device]:
        """Return these devices with everything that a page shows, in this order; less those gone meanwhile."""
        asked = self._rows(now_ms, tables).where(register.c.name.in_(names))
        rows = {row["name"]: row for row in connection.execute(asked).mappings()}
        return [rows[name] for name in names if name in rows]

    def _rows(self, now_ms: int, tables: Sources) -> Select[Any]:
        flags = [case((self._on(tile, now_ms, tables), 1), else_=0).label(tile) for tile in TILES]
        known = [column for column in devices.c if column.name not in ("device", "site", "stall")]
        day = [tables.today.c[name].label(f"{name}_today") for name in ("weighings", "sales", "fen", "hours")]
        columns = (*register.c, *known, devices.c.stall.label("card_stall"), *day)
        newest = tables.newest.c.software.label("newest_software")
        return select(*columns, newest, *flags).select_from(tables.joined)

    def _chosen(self, scope: Scope, wish: Wish, now_ms: int, tables: Sources) -> ColumnElement[bool]:
        parts = [scope.condition()]
        if wish.show is not None:
            parts.append(self._on(wish.show, now_ms, tables))
        if wish.site:
            parts.append(register.c.site == wish.site)
        if wish.text:
            fields = (register.c.name, register.c.site, register.c.stall, register.c.seller, register.c.holder)
            parts.append(or_(*(field.icontains(wish.text, autoescape=True) for field in fields)))
        return and_(*parts)


_ORDER: Mapping[Sort, Order] = {
    "name": Order((register.c.name,)),
    "heard": Order((func.coalesce(devices.c.heard_ms, 0), register.c.name)),
    "drift": Order((-func.coalesce(func.abs(devices.c.zero_drift_grams, type_=BigInteger), -1), register.c.name)),
    "queue": Order((-func.coalesce(devices.c.journal_permille, -1), register.c.name)),
    "battery": Order((func.coalesce(devices.c.battery_percent, LARGEST_INTEGER), register.c.name)),
    "signal": Order((func.coalesce(devices.c.signal_dbm, LARGEST_INTEGER), register.c.name)),
    "verified": Order((func.coalesce(register.c.verified_until_ms, LARGEST_INTEGER), register.c.name)),
}
"""What is most pressing first; a device of which it is not known comes behind all others. Names come last in each."""

_OF_REGISTER = ("name", "verified")
"""Orders for which nothing that devices said is asked."""
