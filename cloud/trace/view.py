"""Step 11 of 11, trace view: one code in, the story behind it out, with the checks that held and those that did not.

Before: cloud/batches/link.py
After: the reader

Three kinds of code are understood: a slip's (the sale), a lot's (any batch, carcass or pig lot) and that of a county's
label, which leads to the lot that it was put on. Nothing is cached: every signature on the way is verified again for
whoever asks.
"""

from dataclasses import replace

from tracewire.errors import Rejected

from cloud.batches.graph import walk_back
from cloud.codes.reconcile import Label
from cloud.db.engine import Store
from cloud.ledger.entry import Entry
from cloud.registry import RegistryFile
from cloud.trace import checks, journey
from cloud.trace.evidence import Evidence, Found
from cloud.trace.story import Check, Sale, Story, Tag

LONGEST_CODE = 24


class TraceView:
    """Answers codes from ledger, batch graph and registry."""

    def __init__(self, ledger: Store, graph: Store, registry: RegistryFile) -> None:
        self._ledger = ledger
        self._graph = graph
        self._registry = registry

    def tell(self, code: str) -> Story:
        """Return the story behind a slip, lot or label; ``Rejected("trace.unknown")`` when the code is none of them."""
        check_code(code)
        roll = self._registry.current()
        with self._graph.reader.connect() as graph, self._ledger.reader.connect() as ledger:
            evidence = Evidence(ledger, graph, roll)
            return _tell(evidence, code, evidence.find(code))

    def label(self, code: str) -> Label | None:
        """Return what is known of a label, on goods or not; None for a code that is no label's."""
        with self._graph.reader.connect() as graph, self._ledger.reader.connect() as ledger:
            return Evidence(ledger, graph, self._registry.current()).label(code)


def is_code(code: str) -> bool:
    """Tell whether this could be a code at all; its length alone never says of what."""
    return 8 <= len(code) <= LONGEST_CODE and code.isascii() and code.isdigit()


def check_code(code: str) -> None:
    """Return if this could be a code; ``Rejected("trace.unknown")`` before any database sees what it is."""
    if not is_code(code):
        raise Rejected("trace.unknown", "a code has 8 to 24 digits")


def _tell(evidence: Evidence, code: str, asked: Found) -> Story:
    lot, sale = asked.lot, asked.sale
    way = walk_back(lot, evidence.steps_that_made)
    steps = evidence.entries([step.index for step in way.steps])
    coded = evidence.coded(way.lots)
    about = evidence.about(way.lots)
    balance = evidence.balance(lot)
    stations = [
        station if station.division else replace(station, division=evidence.division_of(station.device))
        for station in journey.stations(way, steps, coded, about)
    ]
    goods = journey.goods_of(stations)
    found: list[Check] = []
    if asked.label is not None:
        found += checks.of_label(asked.label)
    if sale is not None:
        found += checks.of_sale(evidence, sale)
    found += checks.of_way(evidence, way, [*steps, *coded, *about], coded)
    found += checks.of_papers(about, _moment(sale, steps, coded, about))
    found.append(checks.of_balance(balance))
    return Story(
        code=code,
        sale=None if sale is None else _sale(evidence, code, sale, goods),
        lot=lot,
        goods=goods,
        balance=balance,
        stations=tuple(stations[: journey.MOST_STATIONS]),
        more_stations=max(0, len(stations) - journey.MOST_STATIONS),
        checks=tuple(found),
        label=None if asked.label is None else _tag(asked.label),
    )


def _tag(label: Label) -> Tag:
    said = label.said[0]
    return Tag(
        code=label.code,
        holder=label.holder,
        device=said.device,
        site=said.site,
        moment_ms=said.entered_ms,
        index=said.index or 0,
    )


def _moment(sale: Entry | None, *others: list[Entry]) -> int:
    """Return when papers had to be valid: at the sale, or for a lot at the last thing that happened to it."""
    if sale is not None:
        return sale.moment_ms
    return max((entry.moment_ms for group in others for entry in group), default=0)


def _product(session: Entry | None, plu: int) -> str | None:
    """Return what the scale's key was called when the seller signed in; None when the session does not say."""
    named: dict[int, str] = {} if session is None else dict(session.body.get("goods", ()))
    return named.get(plu)


def _sale(evidence: Evidence, code: str, entry: Entry, goods: str | None) -> Sale:
    credential = evidence.credential(entry.device)
    session = evidence.session_of(entry)
    stall = None if session is None else session.body.get("stall")
    body = entry.body
    return Sale(
        code=code,
        product=_product(session, body["plu"]) or goods,
        net_grams=body["net_grams"],
        tare_grams=body["tare_grams"],
        price_fen_per_kg=body["price_fen_per_kg"],
        amount_fen=body["amount_fen"],
        moment_ms=entry.moment_ms,
        market=entry.site or None,
        stall=stall or (credential.stall if credential else None),
        seller=credential.seller if credential else None,
        device=entry.device,
        seq=entry.seq,
        lot=body["lot"],
        division=evidence.division_of(entry.device),
    )
