"""Tables of label ranges and of codes let pass, in the ledger's database: decisions of people, never dropped.

Why blocks: two ranges of one division and year can never overlap, because a block of a thousand numbers is one row with
division, year and number for its key. No program, however wrong, and no second process can give it out twice.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table

TABLES = MetaData()

ranges = Table(
    "label_ranges",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("holder", String, nullable=False),
    Column("division", String, nullable=False),
    Column("year", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("state", String, nullable=False),
    Column("wanted", BigInteger, nullable=False),
    Column("first", BigInteger),  # numbers of the county and year, from 1
    Column("last", BigInteger),
    Column("applied_by", String, nullable=False),
    Column("applied_ms", BigInteger, nullable=False),
    Column("reviewed_by", String),
    Column("reviewed_ms", BigInteger),
)

blocks = Table(
    "label_blocks",
    TABLES,
    Column("division", String, primary_key=True),
    Column("year", String, primary_key=True),
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("range", Integer, nullable=False),
)

moves = Table(
    "label_moves",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("range", Integer, nullable=False),
    Column("move", String, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("device", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("person", String, nullable=False),
    Column("moment_ms", BigInteger, nullable=False),
    Index("label_moves_by_range", "range", "move", "first", unique=True),
)

overrides = Table(
    "code_overrides",
    TABLES,
    Column("profile", String, primary_key=True),
    Column("code", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("person", String, nullable=False),
    Column("moment_ms", BigInteger, nullable=False),
)
