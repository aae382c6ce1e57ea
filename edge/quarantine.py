"""Refused bytes with reason and sender, and the cloud's word on those that a device had signed.

Why they lie here although signed ones also go up: until the cloud has answered this is the only other copy, and
afterwards it tells the site what was wrong and who was right. Everything happens in the caller's transaction; nothing
here is durable until that commits.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from tracewire.chain import digest as digest_of

from edge.answer import Answered
from edge.verify import Refused

ACCEPTED = "accepted"


@dataclass(frozen=True)
class CloudWord:
    """What the cloud said of quarantined bytes."""

    code: str = ""
    """Empty before it answered, ``ACCEPTED``, or the code of its refusal."""
    receipt: bytes | None = None
    """Its receipt that names the refusal to the device; None when no receipt did."""


_INSERT = (
    "INSERT INTO quarantine (digest, code, sender, detail, payload, received_ms, last_ms, cloud_word, receipt)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def keep(database: sqlite3.Connection, refused: Refused, share: int) -> None:
    """Keep refused bytes once per sender and reason. Unsigned ones beyond the sender's ``share`` are counted only."""
    if refused.signed is None and _is_share_used(database, refused.sender, share):
        return
    digest = digest_of(refused.payload)
    told = database.execute("SELECT cloud_word, receipt FROM quarantine WHERE digest = ? LIMIT 1", (digest,)).fetchone()
    database.execute(
        f"{_INSERT} ON CONFLICT (digest, sender, code) DO UPDATE SET times = times + 1, last_ms = excluded.last_ms",
        (
            digest,
            refused.code,
            refused.sender,
            refused.detail,
            refused.payload,
            refused.received_ms,
            refused.received_ms,
            *(told or ("", None)),
        ),
    )


def cloud_word(database: sqlite3.Connection, digest: bytes) -> CloudWord | None:
    """Return what the cloud said of these bytes; None when they are not in quarantine."""
    row = database.execute(
        "SELECT cloud_word, sealed FROM quarantine LEFT JOIN refusal_receipt ON refusal_receipt.id = receipt"
        " WHERE digest = ? LIMIT 1",
        (digest,),
    ).fetchone()
    return None if row is None else CloudWord(*row)


def settle(database: sqlite3.Connection, answered: Iterable[Answered]) -> None:
    """Mark what the cloud has answered for; what only the cloud refused comes in, as ``cloud.…``."""
    receipts: dict[bytes, int | None] = {}
    for one in answered:
        if one.receipt is not None and one.receipt not in receipts:
            inserted = database.execute("INSERT INTO refusal_receipt (sealed) VALUES (?)", (one.receipt,))
            receipts[one.receipt] = inserted.lastrowid
        word = (one.refusal or ACCEPTED, receipts.get(one.receipt or b""))
        row = one.waiting
        marked = database.execute(
            "UPDATE quarantine SET cloud_word = ?, receipt = ? WHERE digest = ?", (*word, row.digest)
        ).rowcount
        if one.refusal and not marked:
            code = "cloud." + one.refusal
            database.execute(
                _INSERT, (row.digest, code, row.device, one.detail, row.sealed, row.received_ms, row.received_ms, *word)
            )


def _is_share_used(database: sqlite3.Connection, sender: str, share: int) -> bool:
    statement = "SELECT count(*) FROM (SELECT 1 FROM quarantine WHERE sender = ? LIMIT ?)"
    return int(database.execute(statement, (sender, share)).fetchone()[0]) >= share
