"""What is wrong with a lot, each flag with the records that prove it; ``shape`` has those that need the graph.

A flag is a function of everything the ledger holds about the lot, whatever the order in which it came: it appears when
a record makes it true and goes when a record explains it (a lot that arrives after its sales). Codes:

``oversold``            more left the lot than came, beyond the tolerance of its goods
``no_upstream``         something left a lot that nobody coded and no step made: it waits for its lot
``two_markets``         sold at two sites within the same stretch of time
``used_after_stop``     sold, moved or used after a freeze, recall, suspension or destruction, before a release
``coded_twice``         two records give the same code at a source
``mixed``               lots of different sources became one without being declared as merged (混批)
``gained``/``vanished`` a step's masses disagree, beyond the tolerance: more came out than went in, or less
``circle``              the lot is its own ancestor
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tracewire import record as records

from cloud.batches import tolerances
from cloud.batches.link import movement_word
from cloud.batches.stock import Stock
from cloud.ledger.entry import Entry

STOPPING = ("suspend", "freeze", "recall", "destroy")
RELEASING = ("release", "admit")

CODES_OF_STOCK = ("oversold", "no_upstream", "coded_twice", "two_markets", "used_after_stop")
"""What `of_stock` may yield."""

_BALANCED = ("split", "merge", "transform")
"""Movements in which what goes in must come out or be declared as waste."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing wrong with ``lot``; ``evidence`` are ledger indexes, rising."""

    lot: str
    code: str
    evidence: tuple[int, ...]
    grams: int | None = None
    """By how much, where it is a matter of mass."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Where the flags of a lot find their evidence: ledger indexes, at most a handful each."""

    came: Callable[[str], Sequence[int]]
    left: Callable[[str], Sequence[int]]
    left_between: Callable[[str, int, int | None], Sequence[int]]
    """``(lot, from ms, to ms or None)``"""


def of_stock(stock: Stock, proof: Proof) -> Iterator[Flag]:
    """Yield the flags that follow from a lot's sums."""
    left = stock.left_grams
    if left is not None and -left > tolerances.of_goods(stock.goods).of(stock.came_grams):
        evidence = (*proof.came(stock.lot), *proof.left(stock.lot))
        yield Flag(stock.lot, "oversold", tuple(sorted(evidence)), -left)
    if (stock.sold or stock.used) and not (stock.made or stock.coded):
        yield Flag(stock.lot, "no_upstream", tuple(proof.left(stock.lot)))
    if stock.coded > 1:
        yield Flag(stock.lot, "coded_twice", tuple(proof.came(stock.lot)))
    if _overlap(stock):
        yield Flag(stock.lot, "two_markets", tuple(proof.left(stock.lot)))
    yield from _after_stops(stock, proof)


def of_record(entry: Entry) -> Iterator[Flag]:
    """Yield the flags that one record proves by itself."""
    if entry.kind == records.MOVEMENT:
        yield from _of_movement(entry)


def _of_movement(entry: Entry) -> Iterator[Flag]:
    body, word = entry.body, movement_word(entry)
    inputs, outputs = body["inputs"], body.get("outputs", ())
    if not outputs or word not in _BALANCED:
        return
    came = sum(grams for _, grams in inputs)
    gain = sum(grams for _, grams in outputs) + body.get("waste_grams", 0) - came
    if abs(gain) > tolerances.of_goods(body.get("goods", "")).of(came):
        code = "gained" if gain > 0 else "vanished"
        yield from (Flag(lot, code, (entry.index,), abs(gain)) for lot in dict.fromkeys(lot for lot, _ in outputs))


def _overlap(stock: Stock) -> bool:
    """Tell whether two sites sold the lot in the same stretch of time; one after the other is how lots travel."""
    spans: dict[str, tuple[int, int]] = {}
    for outlet in stock.outlets:
        first_ms, last_ms = spans.get(outlet.site, (outlet.first_ms, outlet.last_ms))
        spans[outlet.site] = min(first_ms, outlet.first_ms), max(last_ms, outlet.last_ms)
    ended_ms = -1
    for first_ms, last_ms in sorted(spans.values()):
        if first_ms <= ended_ms:
            return True
        ended_ms = last_ms
    return False


def _after_stops(stock: Stock, proof: Proof) -> Iterator[Flag]:
    found: set[int] = set()
    stopped_ms: int | None = None
    for decision in stock.decisions:
        if decision.word in STOPPING and stopped_ms is None:
            stopped_ms = decision.moment_ms
        elif decision.word in RELEASING and stopped_ms is not None:
            found.update(proof.left_between(stock.lot, stopped_ms, decision.moment_ms))
            stopped_ms = None
    if stopped_ms is not None:
        found.update(proof.left_between(stock.lot, stopped_ms, None))
    if found:
        yield Flag(stock.lot, "used_after_stop", tuple(sorted(found)))
