"""Use and trust, per stall: are the scales used or shelves for goods, and does each sale rest on a weight?

A weighing that became no sale is one that a customer walked away from, or one that was sold past the scale; a sale
without a stable weight rests on no weighing of its own mass. Either is normal once and telling when it is many.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, RowMapping, Subquery, and_, case, func, select

from cloud.db.arithmetic import total
from cloud.db.keyset import FIRST, Mark, Order, Page, page_of
from cloud.ops.fleet import ON_A_PAGE, Scope
from cloud.ops.matching import SALE, WEIGHING
from cloud.ops.register import register
from cloud.ops.tables import day_of, days, devices, unmatched

LONGEST_DAYS = 92


@dataclass(frozen=True, kw_only=True)
class Use:
    """One device over the days asked for."""

    name: str
    site: str
    stall: str
    seller: str
    days_used: int
    """Days on which anything was sold."""
    hours_on: int
    """Hours in which it said anything at all."""
    weighings: int
    sales: int
    fen: int
    slips: int
    """Slips printed: one for each sale, less those that still wait for paper."""
    unsold: int
    """Weighings that became no sale."""
    weightless: int
    """Sales without a stable weight."""

    @property
    def is_shelf(self) -> bool:
        """Tell whether it was on and sold nothing."""
        return self.hours_on > 0 and self.sales == 0

    @property
    def unsold_percent(self) -> int:
        """Return how many of a hundred weighings became no sale."""
        return 100 * self.unsold // self.weighings if self.weighings else 0


_SELLS = register.c.role == "scale"


def read(
    connection: Connection, scope: Scope, now_ms: int, length_days: int, mark: Mark = FIRST
) -> tuple[int, Page[Use]]:
    """Return how many devices there are and those of one page, the least used first."""
    first = day_of(now_ms) - length_days + 1
    keys = (_sold(first), register.c.site, register.c.name)
    chosen = select(*keys).where(_SELLS, scope.condition())
    every = connection.execute(select(func.count()).select_from(register).where(_SELLS, scope.condition())).scalar_one()
    found = connection.execute(Order(keys).cut(chosen, mark, ON_A_PAGE)).all()
    page = page_of(found, mark, ON_A_PAGE, tuple)
    return every, page.showing(_whole(connection, [name for _, _, name in page.rows], first))


def _whole(connection: Connection, names: Sequence[str], first: int) -> list[Use]:
    """Return these devices with everything that a page shows, in this order; less those gone meanwhile."""
    used, alone = _used(first, names), _alone(first, names)
    joined = (
        register.outerjoin(devices, devices.c.device == register.c.name)
        .outerjoin(used, used.c.device == register.c.name)
        .outerjoin(alone, alone.c.device == register.c.name)
    )
    numbers = [used.c.days_used, used.c.weighings, used.c.sales, used.c.fen, alone.c.weighing, alone.c.sale]
    statement = (
        select(register, devices.c.slips_owed, *(func.coalesce(number, 0).label(number.name) for number in numbers))
        .select_from(joined)
        .where(register.c.name.in_(names))
    )
    rows = {row["name"]: row for row in connection.execute(statement).mappings()}
    hours = _hours_on(connection, names, first)
    return [_use(rows[name], hours.get(name, 0)) for name in names if name in rows]


def _use(row: RowMapping, hours_on: int) -> Use:
    named = ("name", "site", "stall", "seller", "days_used", "weighings", "sales", "fen")
    return Use(
        **{name: row[name] for name in named},
        hours_on=hours_on,
        slips=max(0, row["sales"] - (row["slips_owed"] or 0)),
        unsold=row[WEIGHING],
        weightless=row[SALE],
    )


def _sold(first: int) -> ColumnElement[int]:
    """Return how many sales a device of the register made since the day ``first``: what the list is sorted by."""
    since = select(func.coalesce(total(days.c.sales), 0)).where(days.c.device == register.c.name, days.c.day >= first)
    return since.correlate(register).scalar_subquery()


def _used(first: int, names: Sequence[str]) -> Subquery:
    """Return what these devices counted since the day ``first``."""
    return (
        select(
            days.c.device,
            func.sum(case((days.c.sales > 0, 1), else_=0)).label("days_used"),
            *(total(days.c[name]).label(name) for name in ("weighings", "sales", "fen")),
        )
        .where(days.c.device.in_(names), days.c.day >= first)
        .group_by(days.c.device)
        .subquery("used")
    )


def _alone(first: int, names: Sequence[str]) -> Subquery:
    """Return how many weighings and sales of these devices stand alone since the day ``first``."""
    return (
        select(
            unmatched.c.device,
            *(func.sum(case((unmatched.c.kind == kind, 1), else_=0)).label(kind) for kind in (WEIGHING, SALE)),
        )
        .where(unmatched.c.device.in_(names), unmatched.c.day >= first)
        .group_by(unmatched.c.device)
        .subquery("alone")
    )


def _hours_on(connection: Connection, names: Sequence[str], first: int) -> dict[str, int]:
    """Return in how many hours each device said anything: bits that no database counts alike are counted here."""
    statement = select(days.c.device, days.c.hours).where(and_(days.c.device.in_(names), days.c.day >= first))
    found: dict[str, int] = {}
    for device, hours in connection.execute(statement):
        found[device] = found.get(device, 0) + hours.bit_count()
    return found
