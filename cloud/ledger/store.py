"""Tables and queries of the ledger's database, and nothing else.

Why ``site`` and ``standing`` are copied into each row: projections must come out the same whenever they are rebuilt,
but the registry moves on. The row keeps what the registry said when the record was accepted.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    String,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    func,
    insert,
    select,
)

from cloud.db.bulk import append_tuples
from cloud.db.lookup import Lookup

TABLES = MetaData()

records = Table(
    "records",
    TABLES,
    Column("idx", BigInteger, primary_key=True, autoincrement=False),  # place in the ledger: 1, 2, 3 … without a hole
    Column("device", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("prev", LargeBinary, nullable=False),
    Column("kid", LargeBinary, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("time_ms", BigInteger, nullable=False),  # what the device believed
    Column("received_ms", BigInteger, nullable=False),  # what its gateway says
    Column("committed_ms", BigInteger, nullable=False),  # our own clock
    Column("moment_ms", BigInteger, nullable=False),  # to show: the device's, or the gateway's if absurd
    Column("gateway", String, nullable=False),
    Column("site", String, nullable=False),
    Column("standing", String, nullable=False),  # state of the key when the record was accepted
    Column("total_count", BigInteger, nullable=False),  # running totals after the record …
    Column("total_grams", BigInteger, nullable=False),
    Column("total_fen", BigInteger, nullable=False),
    Column("added_count", BigInteger, nullable=False),  # … and what the record itself adds to them
    Column("added_grams", BigInteger, nullable=False),
    Column("added_fen", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # the bytes as received: the evidence
    UniqueConstraint("device", "seq"),
)

PLACES = MetaData()
"""Only where records are divided (``partitions``): SQLite keeps the unique key of device and number in ``records``."""

_places = Table(
    "places",
    PLACES,
    Column("device", String, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("idx", BigInteger, nullable=False),
)
_CLAIM = insert(_places)
_PLACE_COLUMNS = ("device", "seq", "idx")

forks = Table(
    "forks",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("device", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("gateway", String, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("committed_ms", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("device", "seq", "digest"),
)

holes = Table(
    "holes",
    TABLES,
    Column("device", String, primary_key=True),
    Column("from_seq", BigInteger, primary_key=True),
    Column("to_seq", BigInteger, nullable=False),
    Column("noticed_ms", BigInteger, nullable=False),
    Column("closed_ms", BigInteger),  # null while records are missing
)

flags = Table(
    "flags",
    TABLES,
    Column("idx", BigInteger, primary_key=True),
    Column("code", String, primary_key=True),
    Column("device", String, nullable=False),
    Column("detail", String, nullable=False),
)

quarantine = Table(
    "quarantine",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("committed_ms", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("gateway", String, nullable=False),
    Column("device", String),  # null when the bytes do not say or nobody knows the key
    Column("seq", BigInteger),
    Column("code", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("digest", "code"),
    Index("quarantine_by_device", "device", "seq"),
)

registries = Table(
    "registries",
    TABLES,
    Column("serial", BigInteger, primary_key=True, autoincrement=False),
    Column("adopted_ms", BigInteger, nullable=False),
    Column("bundle", LargeBinary, nullable=False),
)

subtrees = Table(
    "subtrees",
    TABLES,
    Column("level", Integer, primary_key=True, autoincrement=False),  # 0: leaves, 1: pairs …
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),  # of a complete subtree of the log: never changes
    sqlite_with_rowid=False,
)

WATCHED = (
    Index("records_by_gateway", records.c.gateway, records.c.received_ms),
    Index("quarantine_by_code", quarantine.c.code),
    Index(
        "open_holes_by_device",
        holes.c.device,
        sqlite_where=holes.c.closed_ms.is_(None),
        postgresql_where=holes.c.closed_ms.is_(None),
    ),
)
"""What counting needs (``census``)."""

VARIABLES_AT_ONCE = 10_000
"""SQLite takes 32,766 bound values in one statement."""

_NEIGHBOUR_COLUMNS: Sequence[Column[Any]] = (
    records.c.device,
    records.c.seq,
    records.c.digest,
    records.c.prev,
    records.c.time_ms,
    records.c.total_count,
    records.c.total_grams,
    records.c.total_fen,
    records.c.added_count,
    records.c.added_grams,
    records.c.added_fen,
)
_NEAR = Lookup(
    (records.c.device, records.c.seq),
    lambda asked: select(*_NEIGHBOUR_COLUMNS).join_from(
        asked, records, and_(records.c.device == asked.c.device, records.c.seq == asked.c.seq)
    ),
)


def _top_of(asked: CTE) -> Select[Any]:
    newest = records.alias("newest")
    top = select(func.max(newest.c.seq)).where(newest.c.device == asked.c.device).correlate(asked).scalar_subquery()
    return select(*_NEIGHBOUR_COLUMNS).join_from(
        asked, records, and_(records.c.device == asked.c.device, records.c.seq == top)
    )


_TOPS = Lookup((records.c.device,), _top_of)
_HEADS = select(records.c.seq, records.c.digest, records.c.kid).where(
    records.c.device == bindparam("device"), records.c.seq.in_(bindparam("seqs", expanding=True))
)
_LAST_INDEX = select(func.max(records.c.idx))
_OPEN_HOLES = Lookup(
    (holes.c.device,),
    lambda asked: select(holes.c.device, holes.c.from_seq, holes.c.to_seq, holes.c.noticed_ms).join_from(
        asked, holes, and_(holes.c.device == asked.c.device, holes.c.closed_ms.is_(None))
    ),
)
# What ingest asks, it asks for all devices of an envelope at once.


def near(connection: Connection, places: Sequence[tuple[str, int]]) -> list[Row[Any]]:
    """Return what the ledger holds at these (device, seq), as far as its neighbours need it."""
    return _NEAR.rows(connection, places)


def tops(connection: Connection, devices: Sequence[str]) -> list[Row[Any]]:
    """Return the same of the highest sequence number of each device that the ledger has heard of."""
    return _TOPS.rows(connection, [(device,) for device in devices])


def heads(connection: Connection, device: str, seqs: Sequence[int]) -> Sequence[Row[Any, Any, Any]]:
    """Return (seq, digest, kid) of ``device`` at a few sequence numbers."""
    return connection.execute(_HEADS, {"device": device, "seqs": seqs}).all() if seqs else ()


def claim(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Let the database refuse a second record under one number of a device, in the transaction that writes the rows.

    ``rows`` are those of ``records``, in the order of its columns.
    """
    if connection.dialect.name == "postgresql":
        places = [(device, seq, index) for index, device, seq, *_ in rows]
        append_tuples(connection, _CLAIM, _PLACE_COLUMNS, places)


def last_index(connection: Connection) -> int:
    """Return the place of the newest record, 0 for an empty ledger."""
    return connection.execute(_LAST_INDEX).scalar_one() or 0


def open_holes(connection: Connection, devices: Sequence[str]) -> list[Row[Any]]:
    """Return (device, from, to, noticed ms) of every open hole of these devices."""
    return _OPEN_HOLES.rows(connection, [(device,) for device in devices])


def slice_after(connection: Connection, index: int, limit: int) -> Sequence[Row[Any]]:
    """Return up to ``limit`` records after place ``index``, in ledger order."""
    statement = select(records).where(records.c.idx > index).order_by(records.c.idx).limit(limit)
    return connection.execute(statement).all()


def forks_after(connection: Connection, fork_id: int, limit: int) -> Sequence[Row[Any]]:
    """Return up to ``limit`` forked records after ``fork_id``, oldest first."""
    return connection.execute(select(forks).where(forks.c.id > fork_id).order_by(forks.c.id).limit(limit)).all()


def at_index(connection: Connection, index: int) -> Row[Any] | None:
    """Return the record at a place of the ledger."""
    return connection.execute(select(records).where(records.c.idx == index)).one_or_none()


def at_indexes(connection: Connection, indexes: Sequence[int]) -> list[Row[Any]]:
    """Return the records at these places, in ledger order."""
    rows: list[Row[Any]] = []
    for start in range(0, len(indexes), VARIABLES_AT_ONCE):
        chosen = indexes[start : start + VARIABLES_AT_ONCE]
        rows += connection.execute(select(records).where(records.c.idx.in_(chosen)).order_by(records.c.idx))
    return rows


def at_seq(connection: Connection, device: str, seq: int) -> Row[Any] | None:
    """Return the record of ``device`` with this sequence number."""
    statement = select(records).where(records.c.device == device, records.c.seq == seq)
    return connection.execute(statement).one_or_none()


def flags_of(connection: Connection, index: int) -> list[tuple[str, str]]:
    """Return (code, detail) of every note that ingest made on the record at ``index``."""
    statement = select(flags.c.code, flags.c.detail).where(flags.c.idx == index).order_by(flags.c.code)
    return [(row.code, row.detail) for row in connection.execute(statement)]


def has_fork(connection: Connection, device: str, seq: int) -> bool:
    """Tell whether another record with the same number was ever received."""
    statement = select(forks.c.id).where(forks.c.device == device, forks.c.seq == seq).limit(1)
    return connection.execute(statement).first() is not None


def newest_registry(connection: Connection) -> Row[Any] | None:
    """Return the adopted registry with the highest serial."""
    return connection.execute(select(registries).order_by(registries.c.serial.desc()).limit(1)).one_or_none()


def newest_registry_serial(connection: Connection) -> int:
    """Return the highest serial of an adopted registry, 0 without any."""
    serial: int = connection.execute(select(func.coalesce(func.max(registries.c.serial), 0))).scalar_one()
    return serial


def remember_registry(connection: Connection, serial: int, adopted_ms: int, bundle: bytes) -> None:
    """Note that this registry is in force from now on."""
    connection.execute(insert(registries), {"serial": serial, "adopted_ms": adopted_ms, "bundle": bundle})
