"""Decisions that somebody asked for at a page, on their way to the seal: a table beside the accounts.

Why a table between: the pages hold no key. They leave here what a person confirmed, and the console's own program
(``cloud/console/sealing.py``) seals it, so a fault in a page can ask but neither sign nor read the key. What is asked
is on disk when the page answers, and asked once however often somebody presses the button. Statements about devices
(``ASSET``, ``TICKET``) and labels (``LABELLING``) go the same way, with the fields of their record as JSON.

The record carries a commitment to the account, SHA-256 over salt and name. Both stay here, with the role; erasing the
account takes them away, and the seal holds.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, Row, String, Table, and_, select, update
from tracewire import chain

from cloud.accounts.store import TABLES
from cloud.db.engine import Store
from cloud.db.upsert import insert

ASKED, SEALED, DELIVERED, REFUSED = "asked", "sealed", "delivered", "refused"
ASSET, TICKET, LABELLING = "asset", "ticket", "labelling"
"""Words of statements about devices and labels; those of decisions are in ``tracewire.vocabulary.DECISIONS``."""

RULE = "rule"
"""Role of a rule that reports a fault; with a colon it begins what stands for its account, as no person's name does."""

_SALT_BYTES = 16

_decisions = Table(
    "decisions",
    TABLES,
    Column("id", String, primary_key=True),
    Column("asked_ms", BigInteger, nullable=False),
    Column("word", String, nullable=False),
    Column("lot", String, nullable=False),  # this or the seller, the other is empty
    Column("seller", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("account", String),  # null when the account was erased
    Column("salt", LargeBinary),
    Column("commitment", LargeBinary, nullable=False),
    Column("role", String, nullable=False),
    Column("state", String, nullable=False),
    Column("seq", BigInteger),  # number in the console's history
    Column("detail", String, nullable=False),
    Column("device", String, nullable=False, server_default=""),  # of a statement, as its ticket and fields
    Column("ticket", String, nullable=False, server_default=""),
    Column("fields", String, nullable=False, server_default=""),
    Index("decisions_by_state", "state", "asked_ms"),
    Index("decisions_by_commitment", "commitment"),
    Index("decisions_by_device", "device", "asked_ms"),
    Index("decisions_by_ticket", "ticket", "asked_ms"),
)


@dataclass(frozen=True)
class Wish:
    """What a person confirmed: ``id`` was drawn when the form was shown."""

    id: str
    word: str
    reason: str
    lot: str = ""
    seller: str = ""
    device: str = ""
    ticket: str = ""
    fields: Mapping[str, str | int] = field(default_factory=dict)
    """Of the record, but for the account; of a decision only the ``card`` that it is about."""


@dataclass(frozen=True)
class Asked:
    """A decision on its way; ``account`` is None once it was erased."""

    id: str
    asked_ms: int
    word: str
    lot: str
    seller: str
    reason: str
    account: str | None
    salt: bytes | None
    commitment: bytes
    role: str
    state: str
    seq: int | None
    detail: str
    device: str
    ticket: str
    fields: Mapping[str, str | int]

    @property
    def card(self) -> str:
        """Return the number of the card that a decision is about, hexadecimal; empty for none."""
        return str(self.fields.get("card", ""))


def ask(store: Store, wish: Wish, account: str, role: str, now_ms: int) -> None:
    """Leave a decision to be sealed; on disk when this returns, and the same however often it is called."""
    salt = os.urandom(_SALT_BYTES)
    row = {
        "id": wish.id,
        "asked_ms": now_ms,
        "word": wish.word,
        "lot": wish.lot,
        "seller": wish.seller,
        "reason": wish.reason,
        "account": account,
        "salt": salt,
        "commitment": chain.digest(salt + account.encode()),
        "role": role,
        "state": ASKED,
        "detail": "",
        "device": wish.device,
        "ticket": wish.ticket,
        "fields": json.dumps(dict(wish.fields), ensure_ascii=False) if wish.fields else "",
    }
    with store.alone() as connection:
        connection.execute(insert(connection, _decisions).values(**row).on_conflict_do_nothing())


def find(connection: Connection, decision: str) -> Asked | None:
    """Return a decision by its id."""
    row = connection.execute(select(_decisions).where(_decisions.c.id == decision)).one_or_none()
    return None if row is None else _asked(row)


def waiting(connection: Connection, state: str, limit: int, word: str = "") -> Sequence[Asked]:
    """Return decisions in a state, oldest first; all of them, or those of one word."""
    chosen = select(_decisions).where(_decisions.c.state == state).order_by(_decisions.c.asked_ms, _decisions.c.id)
    if word:
        chosen = chosen.where(_decisions.c.word == word)
    return [_asked(row) for row in connection.execute(chosen.limit(limit))]


def of_account(connection: Connection, account: str, limit: int) -> Sequence[Asked]:
    """Return what an account asked for last, newest first."""
    chosen = select(_decisions).where(_decisions.c.account == account).order_by(_decisions.c.asked_ms.desc())
    return [_asked(row) for row in connection.execute(chosen.limit(limit))]


def about_device(connection: Connection, device: str, word: str, limit: int) -> Sequence[Asked]:
    """Return the newest statements about a device, newest first, however far they have come."""
    mine = and_(_decisions.c.device == device, _decisions.c.word == word)
    chosen = select(_decisions).where(mine).order_by(_decisions.c.asked_ms.desc(), _decisions.c.id)
    return [_asked(row) for row in connection.execute(chosen.limit(limit))]


def of_tickets(connection: Connection, tickets: Iterable[str]) -> Sequence[Asked]:
    """Return the steps of tickets as they were asked for, oldest first."""
    mine = _decisions.c.ticket.in_(list(tickets))
    chosen = select(_decisions).where(mine).order_by(_decisions.c.asked_ms, _decisions.c.id)
    return [_asked(row) for row in connection.execute(chosen)]


def accounts_of(connection: Connection, commitments: Iterable[bytes]) -> dict[bytes, str]:
    """Return who asked, by the commitment in the record; erased accounts, and those of another cloud, are not there."""
    named = and_(_decisions.c.commitment.in_(list(commitments)), _decisions.c.account.is_not(None))
    chosen = select(_decisions.c.commitment, _decisions.c.account).where(named)
    return {row.commitment: row.account for row in connection.execute(chosen)}


def roles_of(connection: Connection, commitments: Iterable[bytes]) -> dict[bytes, str]:
    """Return in which role decisions were asked for, by the commitment in their record."""
    chosen = select(_decisions.c.commitment, _decisions.c.role).where(_decisions.c.commitment.in_(list(commitments)))
    return {row.commitment: row.role for row in connection.execute(chosen)}


def move(store: Store, decision: str, state: str, *, seq: int | None = None, detail: str = "") -> None:
    """Note how far a decision has come; on disk when this returns."""
    values: dict[str, Any] = {"state": state, "detail": detail} | ({} if seq is None else {"seq": seq})
    with store.alone() as connection:
        connection.execute(update(_decisions).where(_decisions.c.id == decision).values(**values))


def forget(connection: Connection, account: str) -> None:
    """Take a name and its salts away; the decisions and their commitments stay."""
    connection.execute(update(_decisions).where(_decisions.c.account == account).values(account=None, salt=None))


def _asked(row: Row[Any]) -> Asked:
    values = dict(row._mapping)
    values["fields"] = json.loads(values["fields"]) if values["fields"] else {}
    return Asked(**values)
