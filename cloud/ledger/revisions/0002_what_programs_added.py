"""What programs before revisions added at their start: the log's hashes and cosignatures, the feed, and indexes.

A store may have any of it already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create what is missing, and mark the store so that programs before revisions refuse it."""
    op.create_table(
        "subtrees",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
    op.create_table(
        "cosignatures",
        sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("witness", sa.String, primary_key=True),
        sa.Column("key_id", sa.LargeBinary, primary_key=True),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("time_s", sa.BigInteger, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
    _create_feed()
    _create_delivery()
    _create_assets()
    op.create_index("records_by_gateway", "records", ["gateway", "received_ms"], if_not_exists=True)
    op.create_index("quarantine_by_code", "quarantine", ["code"], if_not_exists=True)
    still_open = sa.text("closed_ms IS NULL")
    op.create_index(
        "open_holes_by_device",
        "holes",
        ["device"],
        sqlite_where=still_open,
        postgresql_where=still_open,
        if_not_exists=True,
    )
    op.execute("PRAGMA user_version = 2" if op.get_bind().dialect.name == "sqlite" else _FORGET_THE_OLD_MARK)


_FORGET_THE_OLD_MARK = "DROP TABLE IF EXISTS schema_version"


def _create_assets() -> None:
    op.create_table(
        "ops_assets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("device", sa.String, nullable=False),
        sa.Column("entered_ms", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("account", "place", "holder", "note")),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("verified_until_ms", sa.BigInteger),
        if_not_exists=True,
    )
    op.create_index("ops_assets_by_device", "ops_assets", ["device", "id"], if_not_exists=True)


def _create_feed() -> None:
    op.create_table(
        "feed_orders",
        sa.Column("kind", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("device", sa.String, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("ordered_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "feed_frozen",
        sa.Column("lot", sa.String, primary_key=True),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "feed_freezes",
        sa.Column("lot", sa.String, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger),
        if_not_exists=True,
    )


def _create_delivery() -> None:
    op.create_table(
        "feed_reach",
        sa.Column("gateway", sa.String, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "feed_taken",
        sa.Column("device", sa.String, primary_key=True),
        sa.Column("kind", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("gateway", sa.String, primary_key=True),
        sa.Column("order_version", sa.BigInteger, nullable=False),
        sa.Column("taken_ms", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "feed_statements",
        sa.Column("device", sa.String, primary_key=True),
        sa.Column("kind", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False, unique=True),
        sa.Column("order_version", sa.BigInteger, nullable=False),
        sa.Column("kid", sa.LargeBinary, nullable=False),
        sa.Column("expires_ms", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
