"""What the pages of the console show, free of language and of markup; everything within the scope of who asks.

Graph before ledger, as in ``cloud/trace/evidence``: whatever the graph names is there.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection
from tracewire import record as records
from tracewire.errors import Rejected

from cloud.batches import flagged, stock
from cloud.batches.flags import STOPPING, Flag
from cloud.batches.stock import Stock
from cloud.console import places, rows
from cloud.console.places import Lost, Seen, Stand
from cloud.console.rows import FlagRow, LotPage, LotRow, SellerRow, Today
from cloud.console.scope import Scope
from cloud.db.engine import Store
from cloud.db.keyset import FIRST, Key, Mark, Page, cut_list
from cloud.feed import store as feed
from cloud.ingest.refusals import Refusal, Sight
from cloud.ledger.entry import Entry
from cloud.registry import RegistryFile
from cloud.trace.evidence import Evidence

NOT_A_SOURCE = "not_a_source"
"""The flag of a code that somebody made who is not a source. The record was refused, so no lot has it."""
_OF_NO_SOURCE = "role.source"
"""Why it was refused (`cloud/ingest/verify.py`)."""
PAGE = 50
MOST_SALES = 50
_MOST_URGENT = 10


class ConsoleView:
    """Answers the console's pages from ledger, graph and registry."""

    def __init__(self, ledger: Store, graph: Store, registry: RegistryFile) -> None:
        self._ledger = ledger
        self._graph = graph
        self.registry = registry

    def lots(self, scope: Scope, prefix: str, mark: Mark, now_ms: int) -> Page[LotRow]:
        """Return a page of lots."""
        with self._reading() as now:
            page = places.lots(now.graph, scope, prefix, mark, PAGE)
            return page.showing(now.lot_rows(page.rows, now_ms))

    def lot(self, scope: Scope, lot: str, now_ms: int) -> LotPage:
        """Return one lot; ``Rejected("console.unknown")`` when the scope does not see it."""
        with self._reading() as now:
            seen = places.of_lots(now.graph, scope, [lot])
            if not seen:
                raise Rejected("console.unknown", "there is no such lot here")
            (row,) = now.lot_rows(list(seen.values()), now_ms)
            about = now.evidence.about([lot])
            return LotPage(
                row=row,
                sellers=tuple(places.sellers_of(now.graph, lot)),
                flags=tuple(now.flag_rows(scope, now.evidence.flags([lot]))),
                tests=tuple(rows.finding(entry) for entry in about if entry.record.kind == records.TEST),
                verdicts=tuple(rows.verdict(entry) for entry in about if entry.record.kind == records.DECISION),
                labels=tuple(now.evidence.labelled([lot], PAGE)),
            )

    def sales(self, scope: Scope, lot: str, after: int) -> list[Entry]:
        """Return a page of a lot's own sales within the scope, behind a place of the ledger."""
        with self._reading() as now:
            found = now.evidence.sales_of([lot], after, MOST_SALES)
            return [entry for entry in found if scope.seller or scope.sees(entry.site, entry.device)]

    def recalls(self, scope: Scope, mark: Mark, now_ms: int) -> Page[LotRow]:
        """Return a page of lots about which something was decided, those still stopped first."""
        with self._reading() as now:
            decided = stock.of_lots(now.graph, stock.decided_lots(now.graph, scope.lots()))
            page = cut_list(decided, mark, PAGE, _by_urgency)
            seen = places.of_lots(now.graph, scope, [each.lot for each in page.rows])
            return page.showing(now.lot_rows([seen[each.lot] for each in page.rows], now_ms))

    def flags(self, scope: Scope, code: str, mark: Mark) -> tuple[Page[FlagRow], dict[str, int]]:
        """Return a page of flags, and how many there are of each code."""
        with self._reading() as now:
            page = flagged.among(now.graph, scope.lots(), code, mark, PAGE)
            return page.showing(now.flag_rows(scope, page.rows)), self._flag_counts(now, scope)

    def coded_by_no_source(self, scope: Scope, mark: Mark) -> tuple[Page[Refusal], dict[str, int]]:
        """Return a page of codes that somebody made who is not a source, and how many flags of each code there are."""
        with self._reading() as now:
            return now.refusals(scope).page(mark, PAGE, _OF_NO_SOURCE), self._flag_counts(now, scope)

    def sellers(self, scope: Scope, prefix: str, mark: Mark) -> Page[SellerRow]:
        """Return a page of sellers."""
        with self._reading() as now:
            page = places.sellers(now.graph, scope, prefix, mark, PAGE)
            return page.showing(now.seller_rows(scope, page.rows))

    def seller(self, scope: Scope, code: str) -> SellerRow:
        """Return one seller; ``Rejected("console.unknown")`` when the scope does not see it."""
        with self._reading() as now:
            found = now.seller_rows(scope, places.of_sellers(now.graph, scope, [code]).values())
        if not found:
            raise Rejected("console.unknown", "there is no such seller here")
        return found[0]

    def lost_cards(self, seller: str) -> list[Lost]:
        """Return the cards of a seller that are reported lost, the newest first; for whoever may see the seller."""
        with self._graph.reader.connect() as graph:
            return places.lost_cards(graph, seller)

    def suspensions(self, row: SellerRow) -> list[bytes]:
        """Return the commitments in the decisions that suspend a seller now: those since it was last admitted."""
        since = max((at for at, each in enumerate(row.history) if each.word == "admit"), default=-1)
        stops = [each.index for each in row.history[since + 1 :] if each.word == "suspend"]
        with self._reading() as now:
            return [entry.body["account"] for entry in now.evidence.entries(stops)]

    def today(self, scope: Scope, now_ms: int) -> Today:
        """Return what waits for a decision."""
        flags, counts = self.flags(scope, "", FIRST)
        decided = self.recalls(scope, FIRST, now_ms).rows
        stopped = [row for row in decided if row.word in STOPPING and row.word != "destroy"]
        sellers = self.sellers(scope, "", FIRST).rows
        handled = {row.lot for row in stopped}
        return Today(
            counts=counts,
            urgent=tuple(row for row in flags.rows if row.lot not in handled)[:_MOST_URGENT],
            stopped=tuple(stopped[:_MOST_URGENT]),
            not_admitted=tuple(row for row in sellers if row.word != "admit")[:_MOST_URGENT],
        )

    @staticmethod
    def _flag_counts(now: "_Now", scope: Scope) -> dict[str, int]:
        counts = flagged.count_among(now.graph, scope.lots())
        refused = now.refusals(scope).counts().get(_OF_NO_SOURCE, 0)
        return {**counts, NOT_A_SOURCE: refused} if refused else counts

    @contextmanager
    def _reading(self) -> Iterator["_Now"]:
        with self._graph.reader.connect() as graph, self._ledger.reader.connect() as ledger:
            frozen = frozenset(row.lot for row in feed.frozen_lots(ledger))
            yield _Now(graph, ledger, Evidence(ledger, graph, self.registry.current()), frozen)


def _by_urgency(stock: Stock) -> Key:
    newest = stock.decisions[-1]
    return int(newest.word not in STOPPING), -newest.moment_ms, stock.lot


@dataclass(frozen=True)
class _Now:
    """Graph, ledger and registry for the time of one page."""

    graph: Connection
    ledger: Connection
    evidence: Evidence
    frozen: frozenset[str]

    def lot_rows(self, seen: Sequence[Seen], now_ms: int) -> list[LotRow]:
        lots = [each.code for each in seen]
        stocks = {each.lot: each for each in self.evidence.stocks(lots)}
        flags: dict[str, list[Flag]] = {lot: [] for lot in lots}
        for flag in self.evidence.flags(lots):
            flags[flag.lot].append(flag)
        return [
            rows.lot_row(each, stocks[each.code], flags[each.code], each.code in self.frozen, now_ms) for each in seen
        ]

    def refusals(self, scope: Scope) -> Sight:
        """Return what of the quarantine a scope sees: a refused record is known by its device."""

        def sees(name: str) -> bool:
            credential = self.evidence.roll.current(name)
            return credential is not None and scope.sees(credential.site or "", name)

        return Sight(self.ledger, sees)

    def flag_rows(self, scope: Scope, flags: Sequence[Flag]) -> list[FlagRow]:
        proofs = sorted({at for flag in flags for at in flag.evidence})
        entries = {entry.index: entry for entry in self.evidence.entries(proofs)}
        return [rows.flag_row(flag, entries, scope) for flag in flags]

    def seller_rows(self, scope: Scope, seen: Iterable[Seen]) -> list[SellerRow]:
        codes = {each.code: each for each in seen}
        decided = places.decided(self.graph, codes)
        stands: dict[str, list[Stand]] = {code: [] for code in codes}
        for stand in places.stands_of(self.graph, scope, codes):
            stands[stand.seller].append(stand)
        return [
            rows.seller_row(self.evidence, each, stands[code], decided.get(code, ())) for code, each in codes.items()
        ]
