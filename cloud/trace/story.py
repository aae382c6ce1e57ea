"""What the trace page tells, free of language and of markup: the page, the JSON and the tests read the same story."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cloud.batches.model import Balance


class State(StrEnum):
    """How a check came out."""

    HELD = "held"
    FAILED = "failed"
    OPEN = "open"  # cannot be known, or not yet


_MAY_BE_OPEN = ("chain_after", "card", "tests")
"""Not every lot is tested, not every card lists its lots, and the newest record has no successor yet."""


@dataclass(frozen=True)
class Check:
    """One thing that was checked, with the values its sentence needs."""

    name: str
    state: State
    values: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Sale:
    """What was bought, as the scale signed it."""

    code: str
    product: str | None
    net_grams: int
    tare_grams: int
    price_fen_per_kg: int
    amount_fen: int
    moment_ms: int
    market: str | None
    stall: str | None
    seller: str | None
    """Public name of the seller; personal data is not in the ledger."""
    device: str
    seq: int
    lot: str
    division: str | None = None
    """County of the scale, six digits (GB/T 2260)."""


@dataclass(frozen=True)
class Paper:
    """A certificate or other document that names a lot of the way."""

    document: str
    number: str
    issuer: str | None
    issued_ms: int | None
    valid_until_ms: int | None


@dataclass(frozen=True)
class Part:
    """One lot that went into or came out of a station: a carcass, a share."""

    lot: str
    grams: int | None
    ear_tag: str | None = None


@dataclass(frozen=True)
class Station:
    """One stop on the way back. ``kind`` is "slaughter", a word of ``MOVEMENTS`` or of ``LOT_SOURCES``."""

    kind: str
    place: str | None
    device: str
    moment_ms: int
    lots: tuple[str, ...]
    """Lots that began here."""
    goods: str | None = None
    grams: int | None = None
    parts: tuple[Part, ...] = ()
    more_parts: int = 0
    """Parts beyond those listed."""
    head_count: int | None = None
    division: str | None = None
    voucher: str | None = None
    papers: tuple[Paper, ...] = ()


@dataclass(frozen=True)
class Tag:
    """The label that was asked for, and who put it on the lot."""

    code: str
    holder: str
    """Who has its range; empty when no range has its number."""
    device: str
    site: str
    moment_ms: int
    index: int
    """Of the record that says so."""


@dataclass(frozen=True)
class Story:
    """The answer to one code."""

    code: str
    sale: Sale | None
    """None when the code is a lot's or a label's."""
    lot: str
    goods: str | None
    balance: Balance
    stations: tuple[Station, ...]
    """From the nearest to the source."""
    more_stations: int
    checks: tuple[Check, ...]
    label: Tag | None
    """None when the code is no label's."""

    def count(self, state: str) -> int:
        """Return how many checks came out this way."""
        return sum(check.state == state for check in self.checks)

    @property
    def verdict(self) -> State:
        """Return the worst of the checks; what is normally unknown for a while does not count against the goods."""
        states = {check.state for check in self.checks if check.state != State.OPEN or check.name not in _MAY_BE_OPEN}
        return next((state for state in (State.FAILED, State.OPEN) if state in states), State.HELD)
