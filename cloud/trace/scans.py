"""How often the page of a slip was opened before: a count by slip, day and city, and nothing of who it was.

A copied slip shows itself by being looked at too often and in another city. So little is kept that nobody can be found
in it: no address, no browser, no hour; the city only where the operator's reverse proxy says one. The counts are no
evidence and in no backup: a store that was lost begins again, and the page says since when it counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, String, Table, func, inspect, select

from cloud.db.engine import Store
from cloud.db.upsert import insert
from cloud.web import figures

TABLES = MetaData()

_scans = Table(
    "scans",
    TABLES,
    Column("code", String, primary_key=True),
    Column("day", String, primary_key=True),  # of Beijing, YYYY-MM-DD
    Column("city", String, primary_key=True),  # empty: nobody said
    Column("times", BigInteger, nullable=False),
)

_since = Table(
    "counted_since", TABLES, Column("only", Integer, primary_key=True), Column("day", String, nullable=False)
)

LONGEST_CITY = 32


class ScanSchema:
    """The tables as they are made; a store of another shape may simply be deleted."""

    def upgrade(self, connection: Connection) -> Sequence[str]:
        """Create what is missing."""
        TABLES.create_all(connection)
        return []

    def complaint(self, connection: Connection) -> str:
        """Return what is missing."""
        missing = [name for name in TABLES.tables if not inspect(connection).has_table(name)]
        return f"it lacks {', '.join(missing)}" if missing else ""


@dataclass(frozen=True)
class Seen:
    """What is known of a slip's earlier visits; days of Beijing, ``first_day`` empty when there was none."""

    times: int
    first_day: str
    cities: tuple[str, ...]
    """Every city that was said, this visit's included."""
    counted_since: str

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether the slip was looked at in more than one city."""
        return len(self.cities) > 1


class Scans:
    """Counts visits."""

    def __init__(self, store: Store, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms
        with store.alone() as connection:
            start = insert(connection, _since).values(only=1, day=figures.day(now_ms()))
            connection.execute(start.on_conflict_do_nothing())

    def count(self, code: str, city: str) -> Seen:
        """Return what was known of a slip before this visit, and count the visit."""
        with self._store.alone() as connection:
            known = select(func.sum(_scans.c.times), func.min(_scans.c.day)).where(_scans.c.code == code)
            times, first_day = connection.execute(known).one()
            visit = insert(connection, _scans).values(code=code, day=figures.day(self._now_ms()), city=city, times=1)
            connection.execute(
                visit.on_conflict_do_update(
                    index_elements=["code", "day", "city"], set_={"times": _scans.c.times + visit.excluded.times}
                )
            )
            said = select(_scans.c.city).where(_scans.c.code == code, _scans.c.city != "").distinct()
            cities = connection.execute(said.order_by(_scans.c.city)).scalars().all()
            since = connection.execute(select(_since.c.day)).scalar_one()
        return Seen(int(times or 0), first_day or "", tuple(cities), since)


def city_of(said: str | None) -> str:
    """Return the city in a proxy's header: a division code (GB/T 2260) is cut to its city, other words stay words."""
    words = (said or "").strip()
    if len(words) == 6 and words.isascii() and words.isdigit():
        return words[:4] + "00"
    return words[:LONGEST_CITY] if words.isprintable() else ""
