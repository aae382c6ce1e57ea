"""The outbox of the time series: lines wait here until the server has them, whatever happens to it.

The projection writes each line in one transaction with its watermark; the shipper sends, and deletes what the server
has taken. A line that the server will never take is parked with its reason, found by halving the batch, and its
neighbours flow on. Nothing is lost by a restart of either side: what was sent and not deleted is sent again, as the
same point.
"""

from collections.abc import Sequence

import structlog
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import OperationalError
from tracewire.errors import Rejected, Unavailable

from cloud.background import Background
from cloud.db.bulk import insert_rows
from cloud.db.engine import Store
from cloud.ledger.entry import Entry
from cloud.timeseries.activity import sample_of
from cloud.timeseries.server import SeriesServer, line_of

log = structlog.get_logger()

TABLES = MetaData()

_outbox = Table(
    "series_outbox",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("line", Text, nullable=False),
    Column("refused", String),  # the server's reason; such a line is shown and not sent again
)
_ADD = insert(_outbox)

LINES_AT_ONCE = 1_000
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 60.0


class Shipping:
    """The projection: a line for each record."""

    name = "series"
    tables: MetaData = TABLES
    is_by_device = False

    def apply(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Put one line per record in the outbox."""
        insert_rows(connection, _ADD, [{"line": line_of(sample_of(entry))} for entry in entries])


class Shipper(Background):
    """The thread that empties the outbox; woken after each pass of the projections."""

    def __init__(self, store: Store, server: SeriesServer) -> None:
        super().__init__("series")
        self._store = store
        self._server = server
        self._pause_s = _FIRST_PAUSE_S

    def stop(self) -> None:
        """Finish the batch at hand and end."""
        super().stop()
        self._server.close()

    def ship(self) -> int:
        """Send what waits, one batch; return how many lines left the outbox for the server.

        Raises ``Unavailable("series.down")`` with everything still in the outbox.
        """
        with self._store.reader.connect() as connection:
            waiting = select(_outbox).where(_outbox.c.refused.is_(None)).order_by(_outbox.c.id).limit(LINES_AT_ONCE)
            rows = connection.execute(waiting).all()
        sent = self._send(rows)
        # A crash here: they are sent again, and are the same points.
        with self._store.alone() as connection:
            connection.execute(delete(_outbox).where(_outbox.c.id.in_(sent)))
        return len(sent)

    def _send(self, rows: Sequence[Row[tuple[int, str, str | None]]]) -> list[int]:
        """Write rows, halving what is refused until the lines to blame are found; return the ids that were taken."""
        if not rows:
            return []
        try:
            self._server.write([row.line for row in rows])
        except Rejected as refusal:
            if len(rows) == 1:
                self._park(rows[0].id, refusal.detail)
                return []
            middle = len(rows) // 2
            return self._send(rows[:middle]) + self._send(rows[middle:])
        return [row.id for row in rows]

    def _park(self, line_id: int, reason: str) -> None:
        with self._store.alone() as connection:
            connection.execute(update(_outbox).where(_outbox.c.id == line_id).values(refused=reason))
        log.error("series.parked", line=line_id, reason=reason)

    def turn(self) -> float | None:
        """Ship until the outbox is empty; while the server is away, try again in growing intervals."""
        try:
            while not self.is_stopping and self.ship():
                self._pause_s = _FIRST_PAUSE_S
        except (Unavailable, OperationalError) as down:  # the server is away, or our own store is
            log.warning("series.waiting", reason=str(down), pause_s=self._pause_s)
            self.pause(self._pause_s)
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            return 0.0
        return None


def backlog(store: Store) -> tuple[int, int]:
    """Return how many lines wait for the server, and how many it refused for ever."""
    with store.reader.connect() as connection:
        counts = select(func.count(), func.count(_outbox.c.refused)).select_from(_outbox)
        every, refused = connection.execute(counts).one()
    return every - refused, refused
