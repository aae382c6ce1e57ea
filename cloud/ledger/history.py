"""One device's past as the ledger knows it: where a record belongs, and whether it agrees with its neighbours.

Why beside ``tracewire.chain``: a device and a gateway only ever extend a head; the ledger also fills holes, so it has
to compare a record with the one before and the one after, whichever of them it holds (spec 5.3). Rules without I/O:
``log`` brings the neighbours in and writes the outcome down.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from tracewire.chain import NO_PREVIOUS
from tracewire.errors import Rejected

Totals = tuple[int, int, int]
"""(count, grams, fen)."""

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Link(NamedTuple):
    """What the ledger needs to know of a record to judge its neighbours."""

    seq: int
    digest: bytes
    prev: bytes
    time_ms: int
    totals: Totals
    """Running totals after the record."""
    added: Totals
    """What the record itself adds to them (spec 3.4)."""

    @property
    def totals_before(self) -> Totals:
        """Running totals that the predecessor must have had; an element below zero means that they were made up."""
        return (
            self.totals[0] - self.added[0],
            self.totals[1] - self.added[1],
            self.totals[2] - self.added[2],
        )


@dataclass(frozen=True, slots=True)
class Hole:
    """Records ``from_seq`` to ``to_seq`` of a device are missing; ``closed_ms`` is set once they have come."""

    from_seq: int
    to_seq: int
    noticed_ms: int
    closed_ms: int | None = None


class History:
    """One device's ledgered past, as far as a batch touches it; grows as records are placed."""

    def __init__(self, top_seq: int, near: Iterable[Link], holes: Iterable[Hole]) -> None:
        self.top_seq = top_seq
        self._links = {link.seq: link for link in near}
        self._open = {hole.from_seq: hole for hole in holes}
        self.dropped_holes: set[int] = set()
        """``from_seq`` of stored holes that are no longer true."""
        self.new_holes: dict[int, Hole] = {}
        """Holes to store, by ``from_seq``."""

    def is_repeat(self, link: Link) -> bool:
        """Tell whether the ledger holds this very record; ``Rejected("chain.fork")`` when it holds another."""
        held = self._links.get(link.seq)
        if held is None:
            return False
        if held.digest != link.digest:
            raise Rejected("chain.fork", f"seq {link.seq} is in the ledger with other bytes")
        return True

    def check_neighbours(self, link: Link) -> None:
        """Check that the record before is the one named, and that the record after names this one.

        Raises ``Rejected("chain.prev")``. A neighbour that is missing is checked when it comes.
        """
        before = NO_PREVIOUS if link.seq == 1 else None
        held = self._links.get(link.seq - 1)
        if held is not None:
            before = held.digest
        if before is not None and before != link.prev:
            raise Rejected("chain.prev", f"seq {link.seq} names another predecessor")
        after = self._links.get(link.seq + 1)
        if after is not None and after.prev != link.digest:
            raise Rejected("chain.prev", f"seq {link.seq + 1} in the ledger names another predecessor")

    def flags(self, link: Link, received_ms: int, now_ms: int, ahead_ms: int, behind_ms: int) -> list[tuple[str, str]]:
        """Return (code, detail) of what is odd about a record but no reason to make a hole by refusing it."""
        notes = []
        before = self._links.get(link.seq - 1)
        if link.time_ms > now_ms + ahead_ms:
            notes.append(("clock.ahead", f"{(link.time_ms - now_ms) // HOUR_MS} h ahead of the ledger"))
        elif before is not None and link.time_ms < before.time_ms <= now_ms + ahead_ms:
            notes.append(("clock.behind", f"{(before.time_ms - link.time_ms) // 1000} s before its predecessor"))
        elif link.time_ms < received_ms - behind_ms:
            notes.append(("clock.behind", f"{(received_ms - link.time_ms) // DAY_MS} days before it reached a gateway"))
        if not self._totals_agree(link, before):
            notes.append(("totals.mismatch", "the running totals do not follow from the record before"))
        return notes

    def _totals_agree(self, link: Link, before: Link | None) -> bool:
        opening = link.totals_before
        if before is not None and before.totals != opening:
            return False
        if link.seq > self.top_seq and before is not None:
            return True  # the next one of its device: nothing follows it yet
        if link.seq == 1 and opening != (0, 0, 0):
            return False
        after = self._links.get(link.seq + 1)
        if after is not None and after.totals_before != link.totals:
            return False
        # Over a hole the difference is unknown, but totals never fall.
        top = self._links.get(self.top_seq)
        floor = top.totals if top is not None and top.seq < link.seq else (0, 0, 0)
        return all(value >= least for value, least in zip(opening, floor, strict=True))

    def place(self, link: Link, now_ms: int) -> None:
        """Take the record in: extend the top, notice the hole it leaves, or close the hole it fills."""
        self._links[link.seq] = link
        if link.seq <= self.top_seq:
            self._fill(link.seq, now_ms)
            return
        if link.seq > self.top_seq + 1:
            self._store(Hole(self.top_seq + 1, link.seq - 1, now_ms))
        self.top_seq = link.seq

    def _fill(self, seq: int, now_ms: int) -> None:
        hole = next(hole for hole in self._open.values() if hole.from_seq <= seq <= hole.to_seq)
        del self._open[hole.from_seq]
        self.dropped_holes.add(hole.from_seq)
        self.new_holes.pop(hole.from_seq, None)
        if hole.from_seq < seq:
            self._store(replace(hole, to_seq=seq - 1))
        if seq < hole.to_seq:
            self._store(replace(hole, from_seq=seq + 1))
        self._store(Hole(seq, seq, hole.noticed_ms, closed_ms=now_ms))

    def _store(self, hole: Hole) -> None:
        self.new_holes[hole.from_seq] = hole
        if hole.closed_ms is None:
            self._open[hole.from_seq] = hole

    def run_start(self, seq: int) -> int:
        """Return the first number of the range without a hole that contains ``seq``."""
        if not self._open:
            return 1
        return max((hole.to_seq + 1 for hole in self._open.values() if hole.to_seq < seq), default=1)

    def run_end(self, seq: int) -> int:
        """Return the last number of the range without a hole that contains ``seq``."""
        return min((hole.from_seq - 1 for hole in self._open.values() if hole.from_seq > seq), default=self.top_seq)
