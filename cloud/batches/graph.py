"""Walking the batch graph back to its sources; pure, the edges are brought in level by level.

Why a guard against circles: a wrong movement can make a lot its own ancestor, and the walk must still end and show what
it found. Why a limit: a page must come back quickly even for a lot into which half a county was mixed; the walk then
says that it stopped early.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cloud.batches.model import Step

MOST_STEPS = 400
"""Steps in one walk; a stall's lot normally has two to thirty."""


@dataclass
class WayBack:
    """What a lot came from: steps from the nearest to the furthest, lots in the order they were reached."""

    lots: list[str]
    steps: list[Step] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    """Lots that no step made: where the way begins, or where it is lost."""
    is_complete: bool = True


def walk_back(start: str, steps_that_made: Callable[[Sequence[str], int], Sequence[Step]]) -> WayBack:
    """Return everything that ``start`` came from.

    ``steps_that_made(lots, limit)`` returns the steps that made any of the lots. Each lot and each step is visited
    once, so a circle in the data ends the walk there.
    """
    way = WayBack(lots=[start])
    seen_lots = {start}
    seen_steps: set[int] = set()
    level = [start]
    while level:
        room = MOST_STEPS - len(way.steps)
        found = steps_that_made(level, room + 1)
        if len(found) > room:
            way.is_complete = False
            found = found[:room]
        made_here = {link.lot for step in found for link in step.made}
        way.sources += [lot for lot in level if lot not in made_here]
        fresh = [step for step in found if step.index not in seen_steps]
        seen_steps.update(step.index for step in fresh)
        way.steps += fresh
        level = list(dict.fromkeys(link.lot for step in fresh for link in step.used if link.lot not in seen_lots))
        seen_lots.update(level)
        way.lots += level
        if not way.is_complete:
            break
    return way
