"""The ninth check of step 5: where a record stands in its device's chain, as far as this gateway has seen it.

A gateway may meet a device in the middle of its life (it came from another gateway) and may miss records for a while,
so it holds *runs*: stretches without a hole. A record continues a run, opens one beyond a hole (the hole is shown,
not hidden), closes a hole, repeats what is held, or contradicts it. Rules only: the store tells what it holds, nothing
is read or written here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from tracewire import chain
from tracewire.errors import Rejected
from tracewire.record import Record


class Place(Enum):
    """What a record is to the history it arrives in."""

    NEXT = "next"
    """Direct successor of what is held, or the very first record seen."""
    AHEAD = "ahead"
    """Beyond a hole, or closing one that is still open on the other side."""
    REPEAT = "repeat"
    """The same bytes again: nothing to keep, the receipt goes out again."""


@dataclass(frozen=True)
class Run:
    """Records ``seq_from`` to ``seq_to`` of one device without a hole."""

    seq_from: int
    seq_to: int
    first_prev: bytes
    """What the first record names as its predecessor: it decides whether a hole below can be closed."""
    head: bytes
    """Digest of record ``seq_to``."""
    kid: bytes
    """Key that sealed record ``seq_to``; a receipt names it."""


class DeviceChain:
    """The runs of one device, oldest first. Not thread-safe: it belongs to the outbox's lock."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    @classmethod
    def rebuild(cls, links: Iterable[tuple[int, bytes, bytes, bytes]]) -> "DeviceChain":
        """Return the chain of stored (seq, digest, prev, kid), ascending: how a restart learns its heads."""
        rebuilt = cls()
        for seq, digest, prev, kid in links:
            rebuilt._insert(Run(seq, seq, prev, digest, kid))
        return rebuilt

    def run_at(self, seq: int) -> Run | None:
        """Return the run that contains ``seq``; the newest is looked at first, because most records extend it."""
        for run in reversed(self.runs):
            if run.seq_from <= seq <= run.seq_to:
                return run
        return None

    def place(self, record: Record, sealed: bytes, kid: bytes, held: bytes | None) -> Place:
        """Take ``record`` into the chain and say what it is. ``held``: the digest the store has under its number.

        Raises ``Rejected("chain.fork")`` when that is another, and ``Rejected("chain.prev")`` when the neighbour below
        or above contradicts the record (spec 5.3). The chain stays as it was then.
        """
        digest = chain.digest(sealed)
        if held == digest:
            return Place.REPEAT
        if held is not None:
            raise Rejected("chain.fork", f"seq {record.seq} is held with other bytes, {held.hex()}")
        before = self.run_at(record.seq - 1)
        if before is not None or record.seq == 1:
            chain.check(chain.GENESIS if before is None else chain.Head(before.seq_to, before.head), record, sealed)
        after = self.run_at(record.seq + 1)
        if after is not None and after.first_prev != digest:
            raise Rejected("chain.prev", f"seq {after.seq_from} names another predecessor than this record")
        is_next = before is not None or not self.runs
        self._insert(Run(record.seq, record.seq, record.prev, digest, kid))
        return Place.NEXT if is_next else Place.AHEAD

    def _insert(self, run: Run) -> None:
        """Put a run of one record in its place and join it with its neighbours."""
        index = len(self.runs)
        while index and self.runs[index - 1].seq_from > run.seq_to:
            index -= 1
        if index < len(self.runs) and self.runs[index].seq_from == run.seq_to + 1:
            after = self.runs.pop(index)
            run = Run(run.seq_from, after.seq_to, run.first_prev, after.head, after.kid)
        if index and self.runs[index - 1].seq_to == run.seq_from - 1:
            before = self.runs.pop(index - 1)
            index -= 1
            run = Run(before.seq_from, run.seq_to, before.first_prev, run.head, run.kid)
        self.runs.insert(index, run)
