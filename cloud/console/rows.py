"""Rows of the console's pages, and how they follow from sums, flags and records; no query stands here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracewire import record as records
from tracewire.vocabulary import DECISIONS, TEST_METHODS, TEST_RESULTS

from cloud.batches.flags import RELEASING, STOPPING, Flag
from cloud.batches.stock import Stock, Stop
from cloud.codes.labels import Labelled
from cloud.console.places import Seen, Stand
from cloud.console.scope import Scope
from cloud.ledger.entry import Entry
from cloud.trace.evidence import Evidence

_DAY_MS = 86_400_000


@dataclass(frozen=True)
class LotRow:
    """A lot in a list: what came and went, and what is wrong."""

    lot: str
    goods: str
    came_grams: int
    sold_grams: int
    used_grams: int
    left_grams: int | None
    sales: int
    first_ms: int
    days: int
    """Since it was first seen here."""
    word: str
    """The newest decision about it, or nothing."""
    is_frozen: bool
    """No scale sells it, whether for itself or for what it was made of."""
    flags: tuple[str, ...]


@dataclass(frozen=True)
class SellerRow:
    """A seller, where it trades, and what was decided of it."""

    code: str
    names: tuple[str, ...]
    """As the registry of devices has them."""
    word: str
    stands: tuple[Stand, ...]
    stalls: tuple[str, ...]
    last_ms: int
    history: tuple[Stop, ...]


@dataclass(frozen=True)
class Proof:
    """A record that proves a flag; what lies outside the scope is named by its number alone."""

    index: int
    kind: str
    place: str
    device: str
    moment_ms: int


@dataclass(frozen=True)
class FlagRow:
    """A flag with its proof."""

    lot: str
    code: str
    grams: int | None
    proofs: tuple[Proof, ...]


@dataclass(frozen=True)
class Finding:
    """A laboratory's or rapid test of a lot."""

    item: str
    method: str
    result: str
    moment_ms: int


@dataclass(frozen=True)
class Verdict:
    """A decision about a lot as it stands in the ledger; ``commitment`` leads to who asked for it."""

    index: int
    word: str
    reason: str
    moment_ms: int
    device: str
    commitment: bytes


@dataclass(frozen=True)
class LotPage:
    """One lot, whole."""

    row: LotRow
    sellers: tuple[str, ...]
    flags: tuple[FlagRow, ...]
    tests: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    """Oldest first."""
    labels: tuple[Labelled, ...]

    @property
    def stops(self) -> tuple[Verdict, ...]:
        """Return the decisions that stop it now: those since it was last given back."""
        since = max((at for at, each in enumerate(self.verdicts) if each.word in RELEASING), default=-1)
        return tuple(each for each in self.verdicts[since + 1 :] if each.word in STOPPING)


@dataclass(frozen=True)
class Today:
    """What waits for somebody."""

    counts: dict[str, int]
    """Flags by code."""
    urgent: tuple[FlagRow, ...]
    stopped: tuple[LotRow, ...]
    not_admitted: tuple[SellerRow, ...]
    """Sellers who trade and were never admitted, or are suspended."""


def lot_row(seen: Seen, held: Stock, flags: Sequence[Flag], is_frozen: bool, now_ms: int) -> LotRow:
    """Return a lot as a list shows it."""
    return LotRow(
        lot=seen.code,
        goods=held.goods,
        came_grams=held.came_grams,
        sold_grams=held.sold_grams,
        used_grams=held.used_grams,
        left_grams=held.left_grams,
        sales=held.sold,
        first_ms=seen.first_ms,
        days=max(0, now_ms - seen.first_ms) // _DAY_MS,
        word=held.decisions[-1].word if held.decisions else "",
        is_frozen=is_frozen,
        flags=tuple(dict.fromkeys(flag.code for flag in flags)),
    )


def flag_row(flag: Flag, entries: Mapping[int, Entry], scope: Scope) -> FlagRow:
    """Return a flag with the records that prove it, found in ``entries`` by their place in the ledger."""
    return FlagRow(flag.lot, flag.code, flag.grams, tuple(_proof(entries[at], scope) for at in flag.evidence))


def _proof(entry: Entry, scope: Scope) -> Proof:
    is_seen = scope.sees(entry.site, entry.device)
    place, device = (entry.site, entry.device) if is_seen else ("", "")
    return Proof(entry.index, records.KINDS[entry.record.kind], place, device, entry.moment_ms)


def finding(entry: Entry) -> Finding:
    """Return a test record as a page shows it."""
    body = entry.body
    return Finding(body["item"], TEST_METHODS[body["method"]], TEST_RESULTS[body["result"]], entry.moment_ms)


def verdict(entry: Entry) -> Verdict:
    """Return a decision record as a page shows it."""
    body = entry.body
    word = DECISIONS[body["decision"]]
    return Verdict(entry.index, word, body["reason"], entry.moment_ms, entry.device, body["account"])


def seller_row(evidence: Evidence, seen: Seen, stands: Sequence[Stand], history: Sequence[Stop]) -> SellerRow:
    """Return a seller as a list shows it."""
    named = [evidence.stall_of(stand.device) for stand in stands]
    return SellerRow(
        code=seen.code,
        names=tuple(dict.fromkeys(name for _, name in named if name)),
        word=history[-1].word if history else "",
        stands=tuple(stands),
        stalls=tuple(stall or "" for stall, _ in named),
        last_ms=seen.last_ms,
        history=tuple(history),
    )
