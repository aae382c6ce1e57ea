"""A device in the key of everything that is about one; on PostgreSQL, records in partitions of the log (ADR 0015).

A table of records that has grown already becomes the first partition as it lies; nothing is copied but the narrow
``places``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_RECORDS = 1 << 22
_PLACES = 8

_SPLIT = """
ALTER TABLE records RENAME TO records_0;
ALTER TABLE records_0 DROP CONSTRAINT records_pkey, DROP CONSTRAINT records_device_seq_key;
DROP INDEX records_by_gateway;
CREATE TABLE records (LIKE records_0) PARTITION BY RANGE (idx);
ALTER TABLE records ATTACH PARTITION records_0 FOR VALUES FROM (MINVALUE) TO ({end});
CREATE TABLE records_{next} (LIKE records);
ALTER TABLE records ATTACH PARTITION records_{next} FOR VALUES FROM ({end}) TO ({end} + {size});
ALTER TABLE records ADD PRIMARY KEY (idx, device);
CREATE INDEX records_by_device ON records (device, seq);
CREATE INDEX records_by_gateway ON records (gateway, received_ms);
CREATE TABLE places (device VARCHAR NOT NULL, seq BIGINT NOT NULL, idx BIGINT NOT NULL, PRIMARY KEY (device, seq))
    PARTITION BY HASH (device);
"""
_FILL = """
INSERT INTO places SELECT device, seq, idx FROM records;
ALTER TABLE forks DROP CONSTRAINT forks_pkey, ADD PRIMARY KEY (id, device);
ALTER TABLE flags DROP CONSTRAINT flags_pkey, ADD PRIMARY KEY (idx, code, device);
"""


def upgrade() -> None:
    """Name the device in every note; divide the records where the database can."""
    op.add_column("flags", sa.Column("device", sa.String, nullable=False, server_default=""))
    op.execute("UPDATE flags SET device = (SELECT device FROM records WHERE records.idx = flags.idx)")
    if op.get_bind().dialect.name == "postgresql":
        _divide()


def _divide() -> None:
    last = op.get_bind().execute(sa.text("SELECT coalesce(max(idx), 0) FROM records")).scalar_one()
    following = last // _RECORDS + 1
    op.execute(_SPLIT.format(end=following * _RECORDS, next=following, size=_RECORDS))
    for number in range(_PLACES):
        part = f"WITH (MODULUS {_PLACES}, REMAINDER {number})"
        op.execute(f"CREATE TABLE places_{number} PARTITION OF places FOR VALUES {part}")
    op.execute(_FILL)
