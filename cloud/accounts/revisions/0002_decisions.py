"""Decisions that somebody asked for at a page, on their way to the seal."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table that pages write and the console's program reads."""
    op.create_table(
        "decisions",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("word", "lot", "seller", "reason")),
        sa.Column("account", sa.String),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("seq", sa.BigInteger),
        sa.Column("detail", sa.String, nullable=False),
    )
    op.create_index("decisions_by_state", "decisions", ["state", "asked_ms"])
    op.create_index("decisions_by_commitment", "decisions", ["commitment"])
