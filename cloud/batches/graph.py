"""Walking the batch graph: back to the sources of a lot, forward to everything that was made of it; pure.

The edges are brought in level by level. Why a guard against circles: a wrong movement can make a lot its own ancestor,
and the walk must still end and show what it found. Why a limit: a page must come back quickly even for a lot into which
half a county was mixed; the walk then says that it stopped early.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cloud.batches.model import Link, Step

MOST_STEPS = 400
"""Steps in one walk; a stall's lot normally has two to thirty."""

StepsOf = Callable[[Sequence[str], int], Sequence[Step]]
"""``(lots, limit)`` to the steps that made any of the lots, or that used any of them."""


@dataclass
class Way:
    """Where a walk led: steps from the nearest to the furthest, lots in the order they were reached."""

    lots: list[str]
    steps: list[Step] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    """Lots beyond which no step leads. Going back: where the way begins, or where it is lost."""
    is_complete: bool = True


def walk_back(start: str, steps_that_made: StepsOf) -> Way:
    """Return everything that ``start`` came from; each lot and each step is visited once."""
    return _walk(start, steps_that_made, lambda step: step.made, lambda step: step.used)


def walk_forward(start: str, steps_that_used: StepsOf, most_steps: int = MOST_STEPS) -> Way:
    """Return everything that was made of ``start``; each lot and each step is visited once."""
    return _walk(start, steps_that_used, lambda step: step.used, lambda step: step.made, most_steps)


_Links = Callable[[Step], tuple[Link, ...]]


def _walk(start: str, steps_of: StepsOf, near: _Links, far: _Links, most_steps: int = MOST_STEPS) -> Way:
    way = Way(lots=[start])
    seen_lots = {start}
    seen_steps: set[int] = set()
    level = [start]
    while level:
        room = most_steps - len(way.steps)
        found = steps_of(level, room + 1)
        if len(found) > room:
            way.is_complete = False
            found = found[:room]
        led_on = {link.lot for step in found for link in near(step)}
        way.ends += [lot for lot in level if lot not in led_on]
        fresh = [step for step in found if step.index not in seen_steps]
        seen_steps.update(step.index for step in fresh)
        way.steps += fresh
        level = list(dict.fromkeys(link.lot for step in fresh for link in far(step) if link.lot not in seen_lots))
        seen_lots.update(level)
        way.lots += level
        if not way.is_complete:
            break
    return way
