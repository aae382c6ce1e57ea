"""Fault tickets with their steps, rules that hold, and messages that wait for their receiver."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables."""
    words = ("device", "site", "division", "rule", "severity")
    op.create_table(
        "ops_tickets",
        sa.Column("id", sa.Integer, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in words),
    )
    op.create_index("ops_tickets_by_device", "ops_tickets", ["device", "rule"])
    op.create_table(
        "ops_ticket_steps",
        sa.Column("ticket", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
    )
    op.create_table(
        "ops_holding",
        sa.Column("rule", sa.String, primary_key=True),
        sa.Column("device", sa.String, primary_key=True),
        sa.Column("began_ms", sa.BigInteger, nullable=False),
        sa.Column("fired_ms", sa.BigInteger),
    )
    op.create_table(
        "ops_outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
