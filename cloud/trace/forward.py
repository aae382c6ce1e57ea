"""Where a lot went: everything made of it, what was sold of each and where, what should be left, and what is wrong.

The other half of the trace: a recall asks this. Figures are sums kept by the projection, so a lot with ten thousand
sales answers as quickly as one with ten; the sales themselves come in pages.
"""

from dataclasses import dataclass

from cloud.batches.flags import STOPPING, Flag
from cloud.batches.graph import MOST_STEPS, walk_forward
from cloud.batches.link import step_word
from cloud.batches.model import Link, Step
from cloud.batches.stock import Stock
from cloud.codes.labels import Labelled
from cloud.db.engine import Store
from cloud.ledger.entry import Entry
from cloud.registry import RegistryFile
from cloud.trace.evidence import Evidence
from cloud.trace.view import check_code

MOST_SALES = 1_000
"""Sales on one page."""

MOST_LABELLINGS = 1_000
"""Stretches of labels in one answer."""


@dataclass(frozen=True)
class Outlet:
    """What one device sold of one lot."""

    device: str
    site: str
    stall: str | None
    seller: str | None
    sales: int
    grams: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True)
class Fate:
    """What became of one lot; masses in grams, None where something was not weighed."""

    lot: str
    goods: str
    came_grams: int
    used_grams: int
    sold_grams: int
    left_grams: int | None
    sales: int
    is_stopped: bool
    """Frozen, recalled, suspended or destroyed by the newest decision about it."""
    outlets: tuple[Outlet, ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True)
class Passage:
    """One step on the way: a movement, or a carcass from its lot."""

    index: int
    kind: str
    device: str
    site: str
    moment_ms: int
    used: tuple[tuple[str, int | None], ...]
    made: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True)
class Labelling:
    """A stretch of a county's labels, by the codes of the first and the last, that record ``index`` puts on a lot."""

    index: int
    lot: str
    first: str
    last: str
    count: int
    device: str
    site: str
    entered_ms: int


@dataclass(frozen=True)
class Spread:
    """Everything downstream of a lot, itself first."""

    code: str
    fates: tuple[Fate, ...]
    passages: tuple[Passage, ...]
    is_complete: bool
    """False when the walk was cut short: more than a page can show."""
    labels: tuple[Labelling, ...]
    """Labels of counties that were put on any of the lots."""
    more_labels: bool
    """True when there are more of them than are told here."""

    @property
    def sold_grams(self) -> int:
        """Mass sold of the lot and of everything made of it."""
        return sum(fate.sold_grams for fate in self.fates)


@dataclass(frozen=True)
class Sold:
    """One retail sale, as a recall lists it."""

    index: int
    lot: str
    slip: str | None
    device: str
    site: str
    stall: str | None
    seller: str | None
    moment_ms: int
    net_grams: int


class ForwardView:
    """Answers where lots went."""

    def __init__(self, ledger: Store, graph: Store, registry: RegistryFile) -> None:
        self._ledger = ledger
        self._graph = graph
        self._registry = registry

    def tell(self, code: str) -> Spread:
        """Return everything downstream of a lot, or of that of a slip or label; ``Rejected("trace.unknown")``."""
        with self._graph.reader.connect() as graph, self._ledger.reader.connect() as ledger:
            return spread(Evidence(ledger, graph, self._registry.current()), code)

    def sales(self, code: str, after: int = 0, limit: int = MOST_SALES) -> list[Sold]:
        """Return up to ``limit`` sales of a lot and all that was made of it, behind ledger index ``after``."""
        with self._graph.reader.connect() as graph, self._ledger.reader.connect() as ledger:
            evidence = Evidence(ledger, graph, self._registry.current())
            check_code(code)
            lots = walk_forward(evidence.find(code).lot, evidence.steps_that_used).lots
            return [_sold(evidence, entry) for entry in evidence.sales_of(lots, after, min(limit, MOST_SALES))]


def spread(evidence: Evidence, code: str, most_steps: int = MOST_STEPS) -> Spread:
    """Return everything downstream of a code as of one moment; ``Rejected("trace.unknown")``."""
    check_code(code)
    way = walk_forward(evidence.find(code).lot, evidence.steps_that_used, most_steps)
    labelled = evidence.labelled(way.lots, MOST_LABELLINGS + 1)
    flags: dict[str, list[Flag]] = {}
    for flag in evidence.flags(way.lots):
        flags.setdefault(flag.lot, []).append(flag)
    stocks = {each.lot: each for each in evidence.stocks(way.lots)}
    return Spread(
        code=code,
        fates=tuple(_fate(evidence, stocks[lot], flags.get(lot, [])) for lot in way.lots),
        passages=tuple(_passages(evidence, way.steps)),
        is_complete=way.is_complete,
        labels=tuple(map(_labelling, labelled[:MOST_LABELLINGS])),
        more_labels=len(labelled) > MOST_LABELLINGS,
    )


def _labelling(said: Labelled) -> Labelling:
    first, last = said.codes
    return Labelling(
        index=said.index or 0,
        lot=said.lot,
        first=first,
        last=last,
        count=said.count,
        device=said.device,
        site=said.site,
        entered_ms=said.entered_ms,
    )


def _sold(evidence: Evidence, sale: Entry) -> Sold:
    stall, seller = evidence.stall_of(sale.device)
    return Sold(
        index=sale.index,
        lot=sale.body["lot"],
        slip=evidence.slip_code(sale),
        device=sale.device,
        site=sale.site,
        stall=stall,
        seller=seller,
        moment_ms=sale.moment_ms,
        net_grams=sale.body["net_grams"],
    )


def _fate(evidence: Evidence, stock: Stock, flags: list[Flag]) -> Fate:
    return Fate(
        lot=stock.lot,
        goods=stock.goods,
        came_grams=stock.came_grams,
        used_grams=stock.used_grams,
        sold_grams=stock.sold_grams,
        left_grams=stock.left_grams,
        sales=stock.sold,
        is_stopped=bool(stock.decisions) and stock.decisions[-1].word in STOPPING,
        outlets=tuple(
            Outlet(
                outlet.device,
                outlet.site,
                *evidence.stall_of(outlet.device),
                outlet.sales,
                outlet.grams,
                outlet.first_ms,
                outlet.last_ms,
            )
            for outlet in stock.outlets
        ),
        flags=tuple(flags),
    )


def _passages(evidence: Evidence, steps: list[Step]) -> list[Passage]:
    entries = {entry.index: entry for entry in evidence.entries([step.index for step in steps])}
    return [
        Passage(
            index=step.index,
            kind=step_word(entries[step.index]),
            device=entries[step.index].device,
            site=entries[step.index].site,
            moment_ms=entries[step.index].moment_ms,
            used=_masses(step.used),
            made=_masses(step.made),
        )
        for step in steps
    ]


def _masses(links: tuple[Link, ...]) -> tuple[tuple[str, int | None], ...]:
    return tuple((link.lot, link.grams) for link in links)
