"""Flags that need the graph: lots that became one without a word, and lots that are their own ancestors.

Judged for every lot whose making changed, and for everything already made of it: a farm's lot may arrive after its
cuts, and what was unknown then may be a mixture now.
"""

from collections.abc import Iterable, Sequence
from functools import partial

from sqlalchemy import Connection

from cloud.batches import graph, repository
from cloud.batches.flags import Flag
from cloud.batches.model import Link, Side, Step

CODES = ("mixed", "circle")

_DECLARED = ("merge.output", "transform.output")
"""Steps that say themselves that they make one lot of several."""

_MOST_EVIDENCE = 10


def reshaped(connection: Connection, links: Sequence[Link]) -> set[str]:
    """Return the lots whose ancestry these links change: those they make, code or use up, and all made of them."""
    near = {link.lot for link in links if link.side in (Side.CODED, Side.MADE, Side.USED)}
    fresh = {link.lot for link in links if link.side in (Side.CODED, Side.MADE)}
    forward = partial(repository.steps_that_used, connection)
    return near.union(*(graph.walk_forward(lot, forward).lots for lot in repository.among_used(connection, fresh)))


def flags_of(connection: Connection, lots: Iterable[str]) -> list[Flag]:
    """Return the flags of these lots, and of every other lot on a circle with one of them."""
    back = partial(repository.steps_that_made, connection)
    found: dict[tuple[str, str], Flag] = {}
    for lot in sorted(lots):
        steps = back([lot], _MOST_EVIDENCE)
        if not steps:
            continue
        way = graph.walk_back(lot, back)
        mixing = _mixing(lot, steps)
        if mixing and len(set(way.ends)) > 1:
            found[lot, "mixed"] = Flag(lot, "mixed", mixing)
        for flag in _circle(connection, lot, way):
            found[flag.lot, flag.code] = flag
    return list(found.values())


def _mixing(lot: str, steps: Sequence[Step]) -> tuple[int, ...]:
    """Return the steps that made a lot of several others, and did not say that they merge."""
    makers = [step for step in steps if len({link.lot for link in step.used}) > 1]
    silent = [step for step in makers if any(link.lot == lot and link.rule not in _DECLARED for link in step.made)]
    return tuple(step.index for step in silent)


def _circle(connection: Connection, lot: str, back: graph.Way) -> list[Flag]:
    if not any(link.lot == lot for step in back.steps for link in step.used):
        return []
    ahead = graph.walk_forward(lot, partial(repository.steps_that_used, connection))
    members = set(back.lots) & set(ahead.lots)
    around = [
        step.index
        for step in back.steps
        if members & {link.lot for link in step.used} and members & {link.lot for link in step.made}
    ]
    return [Flag(member, "circle", tuple(sorted(around)[:_MOST_EVIDENCE])) for member in sorted(members)]
