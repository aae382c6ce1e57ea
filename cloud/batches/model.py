"""The words of the batch graph: links, steps, balances.

Lots are nodes, and everything with a lot's kind of code is one: a pig lot, a carcass, a wholesaler's lot, a stall's.
Records are edges: a *step* uses some lots up and makes others. Sales are leaves.
"""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """How a record touches a lot."""

    CODED = "coded"  # the lot was given its code here, at the source
    MADE = "made"  # came out of a step
    USED = "used"  # went into a step
    MOVED = "moved"  # changed hands and stayed the same lot
    SOLD = "sold"
    ABOUT = "about"  # a document, test, decision or seller's card names it


@dataclass(slots=True)
class Link:
    """Record at ledger ``index`` touches ``lot``; ``rule`` says why we think so."""

    index: int
    lot: str
    side: Side
    rule: str
    grams: int | None = None
    """Mass by which it touches it; None where nobody weighed."""
    moment_ms: int = 0
    """When, Unix milliseconds."""


@dataclass(frozen=True, slots=True)
class Step:
    """One record that made lots out of others: an edge of the graph, with weights."""

    index: int
    used: tuple[Link, ...]
    made: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """What came into a lot and what left it, in grams; None where something was not weighed."""

    came_grams: int | None
    used_grams: int | None
    sold_grams: int
    sales: int

    @property
    def left_grams(self) -> int | None:
        """What should still be there; below zero is more sold than ever came. None when it cannot be known."""
        if self.came_grams is None or self.used_grams is None:
            return None
        return self.came_grams - self.used_grams - self.sold_grams
