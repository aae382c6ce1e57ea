"""The embedded time series: samples and rollups, tagged by device, kind and site only.

Why so few tags: a tag with many values (lot, seq, hash) makes every time-series server slow; whoever wants those joins
by (device, seq) in the ledger. Why rollups are kept while writing: a dashboard asks for a month of minutes, never for a
month of samples. The interface is two functions, so that a server with the InfluxDB write API can stand in.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table, select

from cloud.db import upsert
from cloud.db.arithmetic import total
from cloud.db.bulk import insert_tuples
from cloud.db.upsert import Insert

TABLES = MetaData()

ROLLUP_WIDTHS_MS = (60_000, 3_600_000, 86_400_000)
"""A minute, an hour, a day (UTC)."""

_samples = Table(
    "samples",
    TABLES,
    Column("device", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("at_ns", BigInteger, primary_key=True),
    Column("site", String, nullable=False),
    Column("grams", BigInteger, nullable=False),
    Column("fen", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # one tree, by its key
)

_rollups = Table(
    "rollups",
    TABLES,
    Column("width_ms", BigInteger, primary_key=True),
    Column("start_ms", BigInteger, primary_key=True),
    Column("device", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("site", String, primary_key=True),
    Column("samples", BigInteger, nullable=False),
    Column("grams", BigInteger, nullable=False),
    Column("fen", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)


class Sample(NamedTuple):
    """One thing that happened: where, what kind, when, and how much of it."""

    device: str
    kind: str
    site: str
    moment_ms: int
    seq: int
    grams: int
    fen: int

    @property
    def at_ns(self) -> int:
        """Moment in nanoseconds with the sequence number in its low digits, so that none overwrites another."""
        return self.moment_ms * 1_000_000 + self.seq % 1_000_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """Sums over one stretch of time."""

    start_ms: int
    samples: int
    grams: int
    fen: int


@functools.cache
def _statements(dialect: str) -> tuple[Insert, Insert]:
    """Return the inserts of samples and of sums."""
    add_rollups = upsert.for_dialect(dialect, _rollups)
    sums = {name: _rollups.c[name] + add_rollups.excluded[name] for name in ("samples", "grams", "fen")}
    keys = [column.name for column in _rollups.primary_key]
    return (
        upsert.for_dialect(dialect, _samples).on_conflict_do_nothing(),
        add_rollups.on_conflict_do_update(index_elements=keys, set_=sums),
    )


def write(connection: Connection, samples: Sequence[Sample]) -> None:
    """Store samples and add them to their rollups; each sample must be written once (the watermark sees to it)."""
    rows = [(each.device, each.kind, each.at_ns, each.site, each.grams, each.fen) for each in samples]
    add_samples, add_rollups = _statements(connection.dialect.name)
    insert_tuples(connection, add_samples, ("device", "kind", "at_ns", "site", "grams", "fen"), rows)
    columns = ("width_ms", "start_ms", "device", "kind", "site", "samples", "grams", "fen")
    insert_tuples(connection, add_rollups, columns, _summed(samples))


_Sums = dict[tuple[int, str, str, str], list[int]]
"""By start, device, kind and site: samples, grams and fen."""


def _summed(samples: Sequence[Sample]) -> list[tuple[Any, ...]]:
    """Add up what falls into the same bucket, so that a bucket is written once and not once per sample.

    Wide buckets are added up from narrow ones, of which there are few: each width is a multiple of the one before.
    """
    narrowest_ms = ROLLUP_WIDTHS_MS[0]
    sums: _Sums = {}
    for device, kind, site, moment_ms, _, grams, fen in samples:
        _add(sums, (moment_ms - moment_ms % narrowest_ms, device, kind, site), 1, grams, fen)
    rows: list[tuple[Any, ...]] = []
    for width_ms in ROLLUP_WIDTHS_MS:
        wider: _Sums = {}
        for (start_ms, device, kind, site), (count, grams, fen) in sums.items():
            _add(wider, (start_ms - start_ms % width_ms, device, kind, site), count, grams, fen)
        rows += [(width_ms, *key, *bucket) for key, bucket in wider.items()]
        sums = wider
    return rows


def _add(sums: _Sums, key: tuple[int, str, str, str], count: int, grams: int, fen: int) -> None:
    bucket = sums.get(key)
    if bucket is None:
        sums[key] = [count, grams, fen]
    else:
        bucket[0] += count
        bucket[1] += grams
        bucket[2] += fen


def buckets(
    connection: Connection,
    kind: str,
    width_ms: int,
    from_ms: int,
    to_ms: int,
    *,
    device: str | None = None,
    site: str | None = None,
) -> list[Bucket]:
    """Return the sums of one kind from ``from_ms`` up to before ``to_ms``, one per stretch that has any.

    ``width_ms`` is one of ``ROLLUP_WIDTHS_MS``; ``device`` and ``site`` narrow the choice.
    """
    table = _rollups.c
    statement = (
        select(table.start_ms, *(total(table[name]) for name in ("samples", "grams", "fen")))
        .where(table.width_ms == width_ms, table.kind == kind, table.start_ms >= from_ms, table.start_ms < to_ms)
        .group_by(table.start_ms)
        .order_by(table.start_ms)
    )
    if device is not None:
        statement = statement.where(table.device == device)
    if site is not None:
        statement = statement.where(table.site == site)
    return [Bucket(*row) for row in connection.execute(statement)]
