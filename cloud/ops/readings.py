"""Time series of one device for charts: its health over time and what it weighed, never more points than can be seen.

Why the step is ours: ten years at one second are 315 million points. What is asked for in finer steps than a chart has
room for is answered in wider ones, each with its least, mean and greatest value, and the answer says so.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select
from tracewire.errors import Rejected

from cloud.ops.tables import DAY_MS, MARKET_OFFSET_MS, points
from cloud.timeseries import store as activity

MOST_POINTS = 2_000
LONGEST_MS = 11 * 366 * DAY_MS

READINGS = (
    "zero_drift_grams",
    "journal_pending",
    "battery_mv",
    "battery_percent",
    "signal_dbm",
    "temperature_millidegrees",
)
WEIGHED = ("weighing", "sale")
"""Kinds of records whose sums are drawn as well."""

_STEPS_S = (1, 60, 300, 900, 3_600, 21_600, 86_400, 7 * 86_400)
"""What a step is widened to."""


@dataclass(frozen=True)
class Span:
    """From when up to before when, in which steps; ``asked_s`` is what was asked for."""

    from_ms: int
    to_ms: int
    step_s: int
    asked_s: int

    @property
    def is_widened(self) -> bool:
        """Tell whether the steps are wider than was asked for."""
        return self.step_s > self.asked_s


@dataclass(frozen=True)
class Readings:
    """Rows by name: [start ms, least, mean, greatest] of a reading, [start ms, records, grams] of what was weighed."""

    readings: dict[str, list[tuple[int, int, float, int]]]
    weighed: dict[str, list[tuple[int, int, int]]]


def span(from_ms: int, to_ms: int, asked_s: int) -> Span:
    """Return a span whose steps a chart has room for; ``Rejected("readings.span")`` for none, or one too long."""
    if not 0 < to_ms - from_ms <= LONGEST_MS or asked_s < 1:
        raise Rejected("readings.span", "an end after its start, at most eleven years, in steps of a second or more")
    needed_s = (to_ms - from_ms) / 1000 / MOST_POINTS
    step_s = next((step for step in _STEPS_S if step >= max(needed_s, asked_s)), _STEPS_S[-1])
    return Span(from_ms, to_ms, step_s, asked_s)


def read(connection: Connection, device: str, wanted: Span) -> Readings:
    """Return the series of one device; a step without a reading has no row."""
    return Readings(_readings(connection, device, wanted), _weighed(connection, device, wanted))


def _readings(connection: Connection, device: str, wanted: Span) -> dict[str, list[tuple[int, int, float, int]]]:
    step_ms = wanted.step_s * 1000
    moment = points.c.moment_ms + MARKET_OFFSET_MS  # days and weeks of the market, not of UTC
    start = moment - moment % step_ms - MARKET_OFFSET_MS
    columns = [
        part
        for name in READINGS
        for part in (func.min(points.c[name]), func.avg(points.c[name]), func.max(points.c[name]))
    ]
    statement = (
        select(start, *columns)
        .where(points.c.device == device, points.c.moment_ms >= wanted.from_ms, points.c.moment_ms < wanted.to_ms)
        .group_by(start)
        .order_by(start)
    )
    found: dict[str, list[tuple[int, int, float, int]]] = {name: [] for name in READINGS}
    for at_ms, *values in connection.execute(statement):
        for place, name in enumerate(READINGS):
            least, mean, greatest = values[3 * place : 3 * place + 3]
            if least is not None:
                found[name].append((at_ms, least, round(float(mean), 2), greatest))
    return found


def _weighed(connection: Connection, device: str, wanted: Span) -> dict[str, list[tuple[int, int, int]]]:
    """Return what was weighed and sold, from the widest sums that are not wider than the step, added up to it."""
    step_ms = max(wanted.step_s * 1000, activity.ROLLUP_WIDTHS_MS[0])
    width_ms = max(width for width in activity.ROLLUP_WIDTHS_MS if width <= step_ms)
    found = {}
    for kind in WEIGHED:
        sums: dict[int, tuple[int, int]] = {}
        for bucket in activity.buckets(connection, kind, width_ms, wanted.from_ms, wanted.to_ms, device=device):
            local = bucket.start_ms + MARKET_OFFSET_MS
            start = local - local % step_ms - MARKET_OFFSET_MS
            records, grams = sums.get(start, (0, 0))
            sums[start] = records + bucket.samples, grams + bucket.grams
        found[kind] = [(start, *sums[start]) for start in sorted(sums)]
    return found
