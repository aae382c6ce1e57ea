"""Stop lists follow decisions: who is suspended and which card is lost, the ledger says and devices obey (spec 14.8).

The list is a function of the decisions, asked anew after each pass of the projections: a restart changes nothing, and
an admission takes a seller off it, as finding it does a card. It holds everywhere: a seller whom one market suspends
trades in no other.
"""

from collections.abc import Callable

import structlog
from tracewire import feed

from cloud.console import places
from cloud.db.engine import Store
from cloud.feed import orders

log = structlog.get_logger()


class Stopping:
    """Keeps the stop list of the feed, in ``ledger``, in step with the decisions in ``graph``.

    ``watermark()`` says how far the projection ``places`` is there.
    """

    def __init__(self, ledger: Store, graph: Store, watermark: Callable[[], int]) -> None:
        self._ledger = ledger
        self._graph = graph
        self._watermark = watermark
        self._furthest = 0

    def enforce(self, now_ms: int) -> None:
        """Order the list if it changed; on disk when this returns, harmless to repeat.

        When more are stopped than a device can hold, the ones decided first are left out, and the log says so.
        """
        with self._graph.reader.connect() as connection:
            sellers = places.suspended(connection)
            cards = list(dict.fromkeys(lost.card for lost in places.lost_cards(connection)))
        furthest = self._watermark()  # read after: a rebuild that began in between shows here
        if furthest < self._furthest:
            return  # a rebuild: who is missing was not given back, only not read again yet
        self._furthest = furthest
        numbers = [bytes.fromhex(card) for card in cards[: feed.MOST_STOPPED]]
        version = orders.order_stops(self._ledger, sellers[: feed.MOST_STOPPED], numbers, now_ms)
        if version is not None:
            log.info("console.stopped", version=version, sellers=len(sellers), cards=len(cards))
            if left_out := [*sellers[feed.MOST_STOPPED :], *cards[feed.MOST_STOPPED :]]:
                log.error("console.not_stopped", left_out=left_out)
