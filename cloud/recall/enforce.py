"""Freezes follow decisions: what the ledger says is stopped, no scale sells, and nothing made of it either.

The set of lots to freeze is a function of ledger and graph, asked anew after each pass of the projections: lots whose
newest decision stops them, and everything downstream. So a carcass cut into new lots after the recall is frozen as
well, a restart changes nothing, and a release gives back what was frozen for its lot alone. What people froze by hand
stays.
"""

import structlog
from sqlalchemy import Connection
from tracewire.errors import Rejected

from cloud.batches import repository, stock
from cloud.batches.flags import STOPPING
from cloud.batches.graph import walk_forward
from cloud.db.engine import Store
from cloud.feed import orders
from cloud.feed import store as feed

log = structlog.get_logger()

MARK = "decision "
"""How the reason of such a freeze begins; then comes the ledger index of the decision."""

_MOST_STEPS = 10_000


class Enforcement:
    """Keeps the frozen lots of the feed, in ``ledger``, in step with the decisions in ``graph``."""

    def __init__(self, ledger: Store, graph: Store) -> None:
        self._ledger = ledger
        self._graph = graph

    def enforce(self, now_ms: int) -> None:
        """Freeze and release what changed; on disk when this returns, harmless to repeat."""
        with self._graph.reader.connect() as connection:
            wanted = _stopped(connection)
        with self._ledger.reader.connect() as connection:
            held = {row.lot: row.reason for row in feed.frozen_lots(connection)}
        for lot, index in wanted.items():
            if lot not in held:
                self._freeze(lot, f"{MARK}{index}", now_ms)
        for lot, reason in held.items():
            if lot not in wanted and reason.startswith(MARK):
                orders.unfreeze(self._ledger, lot, now_ms)
                log.info("recall.released", lot=lot)

    def _freeze(self, lot: str, reason: str, now_ms: int) -> None:
        try:
            orders.freeze(self._ledger, lot, reason, now_ms)
        except Rejected as full:
            log.error("recall.not_frozen", lot=lot, code=full.code, detail=full.detail)
        else:
            log.info("recall.frozen", lot=lot, because=reason)


def _stopped(connection: Connection) -> dict[str, int]:
    """Return every lot that must not be sold, with the ledger index of the decision that stops it."""
    found: dict[str, int] = {}
    for each in stock.of_lots(connection, stock.decided_lots(connection)):
        newest = each.decisions[-1]
        if newest.word not in STOPPING:
            continue
        way = walk_forward(
            each.lot, lambda lots, limit: repository.steps_that_used(connection, lots, limit), _MOST_STEPS
        )
        for lot in way.lots:
            found.setdefault(lot, newest.index)
    return found
