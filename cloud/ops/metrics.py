"""What rules may ask of a device: each metric a number in one unit, as an expression over the fleet's tables.

A device for which a metric is not known (no battery, no printer) has none, and no rule about it holds. The tables are
put side by side by ``joined``: what should be there, what it said last, how its day goes, which software is newest.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Subquery, and_, case, func, select

from cloud.ops.register import register
from cloud.ops.tables import DAY_MS, day_of, days, devices, software

Expression = Callable[[int, "Sources"], ColumnElement[Any]]


@dataclass(frozen=True)
class Sources:
    """The tables of one query at one moment."""

    today: FromClause
    newest: FromClause
    joined: FromClause


@dataclass(frozen=True)
class Metric:
    """A number that a device has now; ``unit`` as a person reads it."""

    unit: str
    of: Expression


def sources(now_ms: int) -> Sources:
    """Return the tables side by side, one row for each device that there should be."""
    today = select(days).where(days.c.day == day_of(now_ms)).subquery("today")
    newest = _newest_software()
    joined = (
        register.outerjoin(devices, devices.c.device == register.c.name)
        .outerjoin(today, today.c.device == register.c.name)
        .outerjoin(newest, newest.c.model == devices.c.model)
    )
    return Sources(today, newest, joined)


def _newest_software() -> Subquery:
    """Return (model, software) of the highest version that any device of the model has run."""
    highest = select(software.c.model, func.max(software.c.rank).label("rank")).group_by(software.c.model)
    top = highest.subquery("highest_software")
    chosen = and_(top.c.model == software.c.model, top.c.rank == software.c.rank)
    newest = select(software.c.model, func.max(software.c.software).label("software")).join(top, chosen)
    return newest.group_by(software.c.model).subquery("newest_software")


def _column(name: str) -> Expression:
    return lambda _now_ms, _sources: devices.c[name]


def _is(condition: Callable[[Sources], ColumnElement[bool]]) -> Expression:
    return lambda _now_ms, tables: case((condition(tables), 1), else_=0)


METRICS: Mapping[str, Metric] = {
    "silent_minutes": Metric("min", lambda now_ms, _: (now_ms - func.coalesce(devices.c.heard_ms, 0)) // 60_000),
    "missing_records": Metric("", lambda _now_ms, _: devices.c.newest_seq - devices.c.records),
    "zero_drift_grams": Metric("g", lambda _now_ms, _: func.abs(devices.c.zero_drift_grams)),
    "journal_permille": Metric("‰", _column("journal_permille")),
    "journal_pending": Metric("", _column("journal_pending")),
    "flash_hours": Metric("h", _column("flash_hours")),
    "battery_percent": Metric("%", _column("battery_percent")),
    "battery_mv": Metric("mV", _column("battery_mv")),
    "signal_dbm": Metric("dBm", _column("signal_dbm")),
    "temperature_millidegrees": Metric("m°C", _column("temperature_millidegrees")),
    "refused_records": Metric("", _column("refused")),
    "slips_owed": Metric("", _column("slips_owed")),
    "resets_today": Metric("", lambda _now_ms, tables: tables.today.c.resets),
    "is_printer_faulty": Metric("", _is(lambda _: devices.c.printer != "ok")),
    "is_locked": Metric("", _is(lambda _: devices.c.lock.in_(("case_opened", "locked")))),
    "alarm_age_hours": Metric("h", lambda now_ms, _: (now_ms - devices.c.alarm_ms) // 3_600_000),
    "is_out_of_date": Metric("", _is(lambda tables: devices.c.software != tables.newest.c.software)),
    "is_distrusted": Metric("", _is(lambda _: register.c.state != "active")),
    "verified_days_left": Metric("d", lambda now_ms, _: (register.c.verified_until_ms - now_ms) // DAY_MS),
}
