"""How far each projection is: one watermark for all of it, or one for each share of the devices.

Why the shares are always sixteen, however many processes there are: a process is then added or taken away without a
rebuild. A share that was never moved by itself is where its projection was as a whole.
"""

import functools
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table, delete, select
from tracewire.errors import Misuse

from cloud.db.upsert import insert

SHARES = 16

TABLES = MetaData()
"""Tables shared by all projections; each brings its own beside them."""

_watermarks = Table(
    "watermarks",
    TABLES,
    Column("name", String, primary_key=True),  # of a projection, or NAME/SHARE
    Column("applied", BigInteger, nullable=False),  # ledger index of the last record that is in
)


@dataclass(frozen=True)
class Shard:
    """Process ``number`` of ``of`` that keep one projection up together: every so-many-th share is its own."""

    number: int
    of: int

    def parts(self, name: str, *, is_by_device: bool) -> tuple[str, ...]:
        """Return the watermarks that this process moves; a projection that cannot be divided has one."""
        if not is_by_device:
            return (name,)
        return tuple(_part(name, share) for share in range(SHARES) if share % self.of == self.number - 1)


WHOLE = Shard(1, 1)


def parse(text: str) -> Shard:
    """Return the shard of ``K/N``; ``Misuse("projection.shard")`` for anything else."""
    number, slash, of = text.partition("/")
    if slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of) <= SHARES:
        return Shard(int(number), int(of))
    raise Misuse("projection.shard", f"K/N expected, K from 1 to N and N at most {SHARES}")


@functools.lru_cache(maxsize=65_536)
def part_of(name: str, device: str) -> str:
    """Return whose watermark speaks for a device, in a projection that is divided."""
    return _part(name, zlib.crc32(device.encode()) % SHARES)


def _part(name: str, share: int) -> str:
    return f"{name}/{share:02}"


def read(connection: Connection, name: str, parts: Iterable[str]) -> dict[str, int]:
    """Return the ledger index up to which each part of the projection is complete."""
    wanted = list(parts)
    rows = connection.execute(select(_watermarks).where(_watermarks.c.name.in_([name, *wanted])))
    moved = {row.name: row.applied for row in rows}
    return {part: moved.get(part, moved.get(name, 0)) for part in wanted}


def move(connection: Connection, parts: Iterable[str], applied: int) -> None:
    """Say that these parts hold the ledger up to here."""
    statement = insert(connection, _watermarks)
    statement = statement.on_conflict_do_update(index_elements=["name"], set_={"applied": statement.excluded.applied})
    connection.execute(statement, [{"name": part, "applied": applied} for part in parts])


def start_over(connection: Connection, name: str) -> None:
    """Say that the projection of this name is empty."""
    every = [name, *WHOLE.parts(name, is_by_device=True)]
    connection.execute(delete(_watermarks).where(_watermarks.c.name.in_(every)))
