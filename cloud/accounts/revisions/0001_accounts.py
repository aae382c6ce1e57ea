"""The tables that accounts began with; stores from before revisions stand here."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create accounts, their sessions and the sign-in log."""
    op.create_table(
        "accounts",
        sa.Column("name", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("role", "region", "site", "seller", "password")),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("seen_ms", sa.BigInteger, nullable=False),
        sa.Column("ends_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("sessions_by_account", "sessions", ["account"])
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("moment_ms", sa.BigInteger, nullable=False),
        sa.Column("bucket", sa.Integer, nullable=False),
        sa.Column("account", sa.String),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
    )
    op.create_index("sign_ins_by_bucket", "sign_ins", ["bucket", "moment_ms"])
    op.create_index("sign_ins_by_address", "sign_ins", ["address", "moment_ms"])
