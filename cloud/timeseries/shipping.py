"""The outbox of the time series: lines wait here until the server has them, whatever happens to it.

The projection writes each line in one transaction with its watermark; the shipper sends, and deletes what the server
has taken. A line that the server will never take is parked with its reason, found by halving the batch, and its
neighbours flow on. Nothing is lost by a restart of either side: what was sent and not deleted is sent again, as the
same point.
"""

import threading
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


class Shipper:
    """The thread that empties the outbox; woken after each pass of the projections."""

    def __init__(self, store: Store, server: SeriesServer) -> None:
        self._store = store
        self._server = server
        self._awake = threading.Event()
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="series", daemon=True)

    def start(self) -> None:
        """Begin with whatever waits."""
        self._awake.set()
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be new lines; from any thread."""
        self._awake.set()

    def stop(self) -> None:
        """Finish the batch at hand and end."""
        self._is_stopping.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join()
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

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._is_stopping.is_set():
            self._awake.clear()
            try:
                while not self._is_stopping.is_set() and self.ship():
                    pause_s = _FIRST_PAUSE_S
                self._awake.wait()
            except (Unavailable, OperationalError) as down:  # the server is away, or our own store is
                log.warning("series.waiting", reason=str(down), pause_s=pause_s)
                self._is_stopping.wait(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def backlog(store: Store) -> tuple[int, int]:
    """Return how many lines wait for the server, and how many it refused for ever."""
    with store.reader.connect() as connection:
        counts = select(func.count(), func.count(_outbox.c.refused)).select_from(_outbox)
        every, refused = connection.execute(counts).one()
    return every - refused, refused
