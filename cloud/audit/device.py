"""One device's history as an auditor meets it: runs of records without a hole, and what lies between them.

Records come in the order of the ledger, which is that of arrival: a late one fills a hole. Of each run only the first
and the last record are kept, so ten million records of a device without a hole cost as much as two. Rules without I/O.
"""

from bisect import bisect_right
from dataclasses import dataclass

from tracewire.chain import NO_PREVIOUS

from cloud.ledger.history import Link, Totals


@dataclass(slots=True)
class Run:
    """Records ``first.seq`` to ``last.seq`` are all there, and each names the one before."""

    first: Link
    last: Link
    opened_index: int
    """Leaf with which the run began: what showed that something before it is missing."""
    opened_ms: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class Hole:
    """Records ``from_seq`` to ``to_seq`` are not in the ledger."""

    device: str
    from_seq: int
    to_seq: int
    since_ms: int
    """Time of the last record before it, 0 when there is none."""
    shown_ms: int
    """Time of the record that showed it."""
    shown_index: int
    """Leaf of that record."""


class DeviceHistory:
    """What was seen of one device so far."""

    def __init__(self, name: str, begins_anywhere: bool, runs: list[Run] | None = None) -> None:
        self.name = name
        self.begins_anywhere = begins_anywhere
        """The audit began in the middle of the ledger: what comes before the first record is not missing."""
        self.runs = runs or []

    @property
    def count(self) -> int:
        """Return how many records were seen."""
        return sum(run.count for run in self.runs)

    @property
    def totals(self) -> Totals:
        """Return the running totals of the newest record."""
        return self.runs[-1].last.totals

    @property
    def holes(self) -> list[Hole]:
        """Return what is missing now."""
        holes = []
        for place, run in enumerate(self.runs):
            before = self.runs[place - 1].last if place else None
            if before is None and (self.begins_anywhere or run.first.seq == 1):
                continue
            witness = min(self.runs[place:], key=lambda later: later.opened_index)
            first, since_ms = (before.seq + 1, before.time_ms) if before else (1, 0)
            last = run.first.seq - 1
            holes.append(Hole(self.name, first, last, since_ms, witness.opened_ms, witness.opened_index))
        return holes

    def take(self, link: Link, index: int) -> list[str]:
        """Take the next record in and return what contradicts its neighbours."""
        place = bisect_right(self.runs, link.seq, key=lambda run: run.first.seq)
        before = self.runs[place - 1] if place else None
        after = self.runs[place] if place < len(self.runs) else None
        if before is not None and link.seq <= before.last.seq:
            return [f"number {link.seq} is in the log a second time"]
        problems = _contradictions(link, before, after)
        self._insert(link, index, place)
        return problems

    def _insert(self, link: Link, index: int, place: int) -> None:
        self.runs.insert(place, Run(link, link, index, link.time_ms))
        for left in (place, place - 1):
            if 0 <= left < len(self.runs) - 1 and self.runs[left].last.seq + 1 == self.runs[left + 1].first.seq:
                self._join(left)

    def _join(self, left: int) -> None:
        earlier, later = self.runs[left], self.runs.pop(left + 1)
        opened = min((earlier, later), key=lambda run: run.opened_index)
        count = earlier.count + later.count
        self.runs[left] = Run(earlier.first, later.last, opened.opened_index, opened.opened_ms, count)


def _contradictions(link: Link, before: Run | None, after: Run | None) -> list[str]:
    problems = []
    is_next = before is not None and before.last.seq + 1 == link.seq
    is_previous = after is not None and after.first.seq == link.seq + 1
    named = NO_PREVIOUS if link.seq == 1 else before.last.digest if before is not None and is_next else None
    if named is not None and named != link.prev:
        problems.append(f"record {link.seq} names another predecessor than the one in the log")
    if after is not None and is_previous and after.first.prev != link.digest:
        problems.append(f"record {after.first.seq} names another predecessor than record {link.seq} in the log")
    floor = before.last.totals if before is not None else (0, 0, 0)
    if (is_next or link.seq == 1) and link.totals_before != floor:
        problems.append(f"the totals of record {link.seq} do not follow from the record before")
    elif any(value < least for value, least in zip(link.totals_before, floor, strict=True)):
        problems.append(f"the totals of record {link.seq} are below earlier ones")
    if after is not None and is_previous and after.first.totals_before != link.totals:
        problems.append(f"the totals of record {after.first.seq} do not follow from record {link.seq}")
    return problems
