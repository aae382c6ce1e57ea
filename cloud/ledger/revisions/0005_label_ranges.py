"""Label ranges of counties, what became of their numbers, and codes that a reviewer lets pass."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables of ``cloud/codes/store.py``."""
    op.create_table(
        "label_ranges",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("holder", "division", "year", "purpose", "state")),
        sa.Column("wanted", sa.BigInteger, nullable=False),
        sa.Column("first", sa.BigInteger),
        sa.Column("last", sa.BigInteger),
        sa.Column("applied_by", sa.String, nullable=False),
        sa.Column("applied_ms", sa.BigInteger, nullable=False),
        sa.Column("reviewed_by", sa.String),
        sa.Column("reviewed_ms", sa.BigInteger),
    )
    op.create_table(
        "label_blocks",
        sa.Column("division", sa.String, primary_key=True),
        sa.Column("year", sa.String, primary_key=True),
        sa.Column("block", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("range", sa.Integer, nullable=False),
    )
    op.create_table(
        "label_moves",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("range", sa.Integer, nullable=False),
        sa.Column("move", sa.String, nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("device", "reason", "person")),
        sa.Column("moment_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("label_moves_by_range", "label_moves", ["range", "move", "first"], unique=True)
    op.create_table(
        "code_overrides",
        sa.Column("profile", sa.String, primary_key=True),
        sa.Column("code", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("reason", "person")),
        sa.Column("moment_ms", sa.BigInteger, nullable=False),
    )
