"""The ledger's records in stretches of the log, where the database can divide a table (PostgreSQL; ADR 0015).

Partition N holds the records at places N * ``RECORDS`` up to the next multiple. The log is the order of commits, so
this is a division by time that no clock can upset. The next partition is made when the log passes the middle of one,
in the transaction that does so; readers and writers are not kept waiting (ATTACH, not CREATE … PARTITION OF).
"""

from sqlalchemy import Connection, inspect, text

RECORDS = 1 << 22
"""Records in a partition: about 4 GB. Batches are far smaller than half of it."""


def make_room(connection: Connection, first: int, last: int) -> None:
    """Have the next partition ready before it is needed, given that places ``first`` to ``last`` are about to be taken.

    Within the caller's transaction; two cannot race, because places are taken by one at a time.
    """
    half = RECORDS // 2
    if connection.dialect.name == "postgresql" and (first - 1) // half != last // half:
        _make(connection, last // RECORDS + 1)


def _make(connection: Connection, number: int) -> None:
    name = f"records_{number}"
    if inspect(connection).has_table(name):
        return
    bounds = f"FROM ({number * RECORDS}) TO ({(number + 1) * RECORDS})"
    connection.execute(text(f"CREATE TABLE {name} (LIKE records)"))
    connection.execute(text(f"ALTER TABLE records ATTACH PARTITION {name} FOR VALUES {bounds}"))
