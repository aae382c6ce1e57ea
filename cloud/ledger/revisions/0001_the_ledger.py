"""The tables that a ledger began with; stores from before revisions stand here."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create records, forks, holes, notes, quarantine and the registries adopted."""
    _create_evidence()
    _create_notes()


def _create_evidence() -> None:
    op.create_table(
        "records",
        sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
        *_numbered(),
        sa.Column("prev", sa.LargeBinary, nullable=False),
        sa.Column("kid", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("time_ms", sa.BigInteger, nullable=False),
        *_arrived(),
        sa.Column("moment_ms", sa.BigInteger, nullable=False),
        sa.Column("site", sa.String, nullable=False),
        sa.Column("standing", sa.String, nullable=False),
        *(
            sa.Column(f"{part}_{unit}", sa.BigInteger, nullable=False)
            for part in ("total", "added")
            for unit in ("count", "grams", "fen")
        ),
        sa.UniqueConstraint("device", "seq"),
    )
    op.create_table(
        "forks",
        sa.Column("id", sa.Integer, primary_key=True),
        *_numbered(),
        *_arrived(),
        sa.UniqueConstraint("device", "seq", "digest"),
    )


def _create_notes() -> None:
    op.create_table(
        "holes",
        sa.Column("device", sa.String, primary_key=True),
        sa.Column("from_seq", sa.BigInteger, primary_key=True),
        sa.Column("to_seq", sa.BigInteger, nullable=False),
        sa.Column("noticed_ms", sa.BigInteger, nullable=False),
        sa.Column("closed_ms", sa.BigInteger),
    )
    op.create_table(
        "flags",
        sa.Column("idx", sa.BigInteger, primary_key=True),
        sa.Column("code", sa.String, primary_key=True),
        sa.Column("detail", sa.String, nullable=False),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Integer, primary_key=True),
        *_arrived(),
        sa.Column("device", sa.String),
        sa.Column("seq", sa.BigInteger),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("detail", sa.String, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("digest", "code"),
    )
    op.create_index("quarantine_by_device", "quarantine", ["device", "seq"])
    op.create_table(
        "registries",
        sa.Column("serial", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("adopted_ms", sa.BigInteger, nullable=False),
        sa.Column("bundle", sa.LargeBinary, nullable=False),
    )


def _numbered() -> list[sa.Column[object]]:
    return [
        sa.Column("device", sa.String, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    ]


def _arrived() -> list[sa.Column[object]]:
    return [
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("committed_ms", sa.BigInteger, nullable=False),
        sa.Column("gateway", sa.String, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    ]
