"""When a device wants attention: rules as data with a jurisdiction and dates, from ``rules.toml`` or a county's own."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_
from tracewire.errors import Misuse
from tracewire.kinds_console import SEVERITIES

from cloud.ops.metrics import METRICS, Sources
from cloud.ops.register import register
from cloud.ops.tables import day_of

TILES = ("tampered", "silent", "drifting", "sick", "full", "paper", "gaps", "verification", "outdated")
"""Headings of the dashboard, the most pressing first."""

EVERYWHERE = "CN"

_SHIPPED = Path(__file__).parent / "rules.toml"
_OWN = "alerts.toml"
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One row of the file, which says what each field is; exactly one of ``above`` and ``below`` is given."""

    name: str
    tile: str
    metric: str
    for_minutes: int
    severity: str
    ticket: bool
    jurisdiction: str
    valid_from: date
    source: str
    valid_to: date | None = None
    above: int | None = None
    below: int | None = None

    def holds(self, now_ms: int, sources: Sources) -> ColumnElement[bool]:
        """Return the condition that a device shows it now; never, on a day on which the rule is not in force."""
        today = date.fromordinal(_EPOCH.toordinal() + day_of(now_ms))
        if today < self.valid_from or (self.valid_to is not None and today > self.valid_to):
            return false()
        value = METRICS[self.metric].of(now_ms, sources)
        condition = value > self.above if self.above is not None else value < self.below
        if self.jurisdiction == EVERYWHERE:
            return condition
        return and_(condition, register.c.division.startswith(self.jurisdiction, autoescape=True))


def load(directory: Path) -> tuple[Rule, ...]:
    """Return the rules in force for the cloud in ``directory``; ``Misuse("rules.…")`` says what is wrong with them."""
    own = directory / _OWN
    path = own if own.is_file() else _SHIPPED
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"))["rule"]
        rules = tuple(Rule(**row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as broken:
        raise Misuse("rules.file", f"{path.name}: {broken}") from broken
    for rule in rules:
        _check(rule)
    if len({rule.name for rule in rules}) != len(rules):
        raise Misuse("rules.name", f"{path.name}: a name is given twice")
    return rules


def on_tile(rules: tuple[Rule, ...], tile: str, now_ms: int, sources: Sources) -> ColumnElement[bool]:
    """Return the condition that any rule under a heading holds."""
    return or_(false(), *(rule.holds(now_ms, sources) for rule in rules if rule.tile == tile))


def _check(rule: Rule) -> None:
    """Raise ``Misuse`` unless every word is one that there is, and every value of its kind."""
    words: tuple[tuple[str, Any], ...] = ((rule.tile, TILES), (rule.metric, METRICS), (rule.severity, SEVERITIES))
    for word, known in words:
        if word not in known:
            raise Misuse("rules.word", f"{rule.name}: {word}; there are {', '.join(known)}")
    bounds = [bound for bound in (rule.above, rule.below) if bound is not None]
    if len(bounds) != 1 or not all(type(number) is int for number in (*bounds, rule.for_minutes)):
        raise Misuse("rules.bound", f"{rule.name}: one of above and below, and minutes, as whole numbers")
    if not all(isinstance(day, date) for day in (rule.valid_from, rule.valid_to or rule.valid_from)):
        raise Misuse("rules.date", f"{rule.name}: dates expected")
    if type(rule.ticket) is not bool or rule.for_minutes < 0:
        raise Misuse("rules.value", f"{rule.name}: ticket is true or false, minutes are not negative")
    is_division = rule.jurisdiction.isascii() and rule.jurisdiction.isdigit() and len(rule.jurisdiction) <= 6
    if rule.jurisdiction != EVERYWHERE and not is_division:
        raise Misuse("rules.jurisdiction", f"{rule.name}: {EVERYWHERE} or up to six digits of a division code")
