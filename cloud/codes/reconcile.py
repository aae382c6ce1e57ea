"""Labels as they stand: what was allotted and issued, from the ledger's database, against the projection ``labels``."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from tracewire.errors import Rejected

from cloud.codes import labels, ranges
from cloud.codes.labels import Labelled, Numbers
from cloud.codes.ranges import Stand
from cloud.codes.reckoning import NO_RANGE, NOT_ISSUED, Reckoning, What, reckon
from cloud.db.keyset import Mark, Page


@dataclass(frozen=True)
class Label:
    """One label and everything that is known of it."""

    code: str
    what: What
    lot: str
    """The lot that it leads to; empty when it is on none."""
    holder: str
    """Who has its range; empty when no range has its number."""
    device: str
    """To which device or printer it was issued; empty when it was not."""
    said: tuple[Labelled, ...]
    """In the order in which it was entered, the one that leads to the lot first."""
    faults: tuple[str, ...]


def of_range(ledger: Connection, derived: Connection, stand: Stand) -> Reckoning | None:
    """Return what became of the numbers of a range; None before it is allotted."""
    if stand.first is None or stand.last is None:
        return None
    return _reckon(ledger, derived, stand, Numbers(stand.division, stand.year, stand.first, stand.last))


def of_label(ledger: Connection, derived: Connection, text: str) -> Label | None:
    """Return what is known of the label with this code; None for no label's code, or one that nobody gave out."""
    try:
        numbers = labels.parse(text)
    except Rejected:
        return None
    stand = ranges.holding(ledger, numbers)
    if stand is None:
        reckoning = reckon(numbers.first, numbers.last, [], labels.among(derived, numbers))
    else:
        reckoning = _reckon(ledger, derived, stand, numbers)
    (stretch,) = reckoning.stretches
    if stand is None and not stretch.said:
        return None
    said = sorted(stretch.said, key=lambda each: (not each.lot, each.place))
    holders = [] if stand is None else ranges.issues(ledger, stand.id)
    return Label(
        code=labels.code_of(numbers.division, numbers.year, numbers.first),
        what=stretch.what,
        lot=said[0].lot if said else "",
        holder="" if stand is None else stand.holder,
        device=next((each.device for each in holders if each.first <= numbers.first <= each.last), ""),
        said=tuple(said),
        faults=stretch.faults if stand else (*(each for each in stretch.faults if each != NOT_ISSUED), NO_RANGE),
    )


def without_range(
    ledger: Connection, derived: Connection, counties: Sequence[str], mark: Mark, limit: int
) -> Page[Labelled]:
    """Return a page of what was said of numbers that no range has: they lie above all that were allotted.

    ``counties`` are beginnings of division codes; an empty one stands for all.
    """
    return labels.beyond(derived, ranges.tops(ledger), counties, mark, limit)


def _reckon(ledger: Connection, derived: Connection, stand: Stand, numbers: Numbers) -> Reckoning:
    said = labels.among(derived, numbers) + [
        each for each in ranges.said_before(ledger, stand) if each.first <= numbers.last and each.last >= numbers.first
    ]
    return reckon(numbers.first, numbers.last, ranges.issues(ledger, stand.id), said)
