"""Tables and queries of accounts, in a store of their own: personal data, which can be erased; no evidence needs it.

Nothing here opens a door: of a password there is an Argon2id hash, of a session or token the SHA-256 of 32 random
bytes. The sign-in log keeps a name only when it is an account's, because people type passwords into the wrong field;
of any other word it keeps 16 bits of a digest, enough to count by.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from cloud.accounts.account import Account

TABLES = MetaData()

_LIMITS = ("role", "region", "site", "seller")

accounts = Table(
    "accounts",
    TABLES,
    Column("name", String, primary_key=True),
    *(Column(name, String, nullable=False) for name in _LIMITS),
    Column("password", String, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    TABLES,
    Column("digest", LargeBinary, primary_key=True),
    Column("account", String, nullable=False),
    Column("kind", String, nullable=False),  # BROWSER or BEARER
    Column("seen_ms", BigInteger, nullable=False),
    Column("ends_ms", BigInteger, nullable=False),
    Index("sessions_by_account", "account"),
)

sign_ins = Table(
    "sign_ins",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("moment_ms", BigInteger, nullable=False),
    Column("bucket", Integer, nullable=False),
    Column("account", String),  # null when nobody has the name that was typed
    Column("address", String, nullable=False),
    Column("outcome", String, nullable=False),
    Index("sign_ins_by_bucket", "bucket", "moment_ms"),
    Index("sign_ins_by_address", "address", "moment_ms"),
)

BROWSER, BEARER = "browser", "bearer"
TRIED, IN, REFUSED, CHANGED = "tried", "in", "refused", "changed"
"""Outcomes; ``TRIED`` is being looked at, or was cut off by a crash, ``CHANGED`` was a new password of one's own."""


def add(connection: Connection, account: Account, password: str, now_ms: int) -> None:
    """Store a new account; the name must be free."""
    values = {name: getattr(account, name) for name in ("name", *_LIMITS)}
    connection.execute(insert(accounts).values(**values, password=password, created_ms=now_ms))


def find(connection: Connection, name: str) -> Row[Any] | None:
    """Return the row of an account."""
    return connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()


def every(connection: Connection) -> Sequence[Row[Any]]:
    """Return every account by name."""
    return connection.execute(select(accounts).order_by(accounts.c.name)).all()


def set_password(connection: Connection, name: str, password: str, kept: bytes = b"") -> None:
    """Replace a password and end every session and token that the old one opened, but for the session ``kept``."""
    connection.execute(update(accounts).where(accounts.c.name == name).values(password=password))
    connection.execute(delete(sessions).where(sessions.c.account == name, sessions.c.digest != kept))


def remove(connection: Connection, name: str) -> None:
    """Erase an account with its sessions and every line of the sign-in log that names it."""
    for column in (accounts.c.name, sessions.c.account, sign_ins.c.account):
        connection.execute(delete(column.table).where(column == name))


def open_session(connection: Connection, digest: bytes, name: str, kind: str, *, now_ms: int, ends_ms: int) -> None:
    """Store a session; those that ended go at the same time."""
    connection.execute(delete(sessions).where(sessions.c.ends_ms <= now_ms))
    row = {"digest": digest, "account": name, "kind": kind, "seen_ms": now_ms, "ends_ms": ends_ms}
    connection.execute(insert(sessions).values(**row))


def session(connection: Connection, digest: bytes) -> Row[Any] | None:
    """Return a session together with its account."""
    columns = (sessions.c.kind, sessions.c.seen_ms, sessions.c.ends_ms, accounts)
    joined = select(*columns).join(accounts, accounts.c.name == sessions.c.account)
    return connection.execute(joined.where(sessions.c.digest == digest)).one_or_none()


def touch(connection: Connection, digest: bytes, now_ms: int) -> None:
    """Note that a session is in use."""
    connection.execute(update(sessions).where(sessions.c.digest == digest).values(seen_ms=now_ms))


def close_session(connection: Connection, digest: bytes) -> None:
    """End a session; harmless when there is none."""
    connection.execute(delete(sessions).where(sessions.c.digest == digest))


def nth_failure_ms(connection: Connection, of_whom: ColumnElement[bool], since_ms: int, n: int) -> int | None:
    """Return when the ``n``-th newest sign-in since then that led nowhere was; None when there were fewer."""
    failed = select(sign_ins.c.moment_ms).where(
        of_whom, sign_ins.c.moment_ms > since_ms, sign_ins.c.outcome.in_((TRIED, REFUSED))
    )
    return connection.execute(failed.order_by(sign_ins.c.moment_ms.desc()).limit(1).offset(n - 1)).scalar_one_or_none()


def note(connection: Connection, moment_ms: int, bucket: int, account: str | None, address: str) -> int:
    """Note that somebody tries to sign in; return the number of the line."""
    row = {"moment_ms": moment_ms, "bucket": bucket, "account": account, "address": address, "outcome": TRIED}
    return int(connection.execute(insert(sign_ins).values(**row).returning(sign_ins.c.id)).scalar_one())


def settle(connection: Connection, line: int, outcome: str) -> None:
    """Note what came of it."""
    connection.execute(update(sign_ins).where(sign_ins.c.id == line).values(outcome=outcome))


def log_of(connection: Connection, limit: int) -> Sequence[Row[Any]]:
    """Return the newest lines of the sign-in log, newest first."""
    return connection.execute(select(sign_ins).order_by(sign_ins.c.id.desc()).limit(limit)).all()


def purge(connection: Connection, before_ms: int) -> int:
    """Erase what the sign-in log holds from before; return how many lines that were."""
    return connection.execute(delete(sign_ins).where(sign_ins.c.moment_ms < before_ms)).rowcount


def account_of(row: Row[Any]) -> Account:
    """Return the account in a row of ``accounts``, or of ``session``."""
    return Account(row.name, row.role, row.region, row.site, row.seller)
