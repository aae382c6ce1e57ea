"""Statements about devices among what was asked for: asset entries and steps of tickets, with their fields."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add which device and which ticket, and the fields of the record to be sealed; decisions have none of them."""
    for name in ("device", "ticket", "fields"):
        op.add_column("decisions", sa.Column(name, sa.String, nullable=False, server_default=""))
    op.create_index("decisions_by_device", "decisions", ["device", "asked_ms"])
    op.create_index("decisions_by_ticket", "decisions", ["ticket", "asked_ms"])
