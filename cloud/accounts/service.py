"""Signing in and staying signed in: every rule about sessions, tokens and how often somebody may try.

Each try is counted on disk before its password is looked at, in one transaction, so that several processes share the
count and many tries at once are not one. The count is by name from one address, by address, and by name from
everywhere, and the same for names that nobody has. So whoever keeps trying a name is kept from it alone, and its owner
gets in from elsewhere. What it cannot prevent: tries from ten addresses and more reach the limit of the name, and from
the owner's own address (a market has one for all) that of the pair; then the owner waits as well.
"""

import hashlib
import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, and_
from sqlalchemy.exc import IntegrityError
from tracewire.errors import Rejected

from cloud.accounts import asked, passwords
from cloud.accounts import store as tables
from cloud.accounts.account import Account, check
from cloud.db.engine import Store

log = structlog.get_logger()

IDLE_MS = 30 * 60_000
"""A desk that was left."""
LONGEST_MS = 12 * 3_600_000
"""A working day, however busy."""
_TOUCH_MS = 60_000
_TOKEN_BYTES = 32
_DAY_MS = 86_400_000

WINDOW_MS = 15 * 60_000
MOST_BY_PAIR = 10
MOST_BY_NAME = 100
MOST_BY_ADDRESS = 30
"""Failures within the window, for a name from one address, for it from anywhere, for an address whatever the name.

A market has one address for all who work there. A hundred tries in a quarter of an hour are 10,000 a day: no danger to
a password of twelve characters that is on nobody's list, and ten addresses instead of one to keep its owner out.
"""


@dataclass(frozen=True)
class Entrance:
    """What came of a sign-in: a token, or seconds to wait, or neither for a wrong name or password."""

    token: str = ""
    wait_seconds: int = 0


@dataclass(frozen=True)
class _Try:
    """A password that was looked at, or was not because there were too many."""

    now_ms: int
    line: int = 0
    """Of the sign-in log."""
    is_right: bool = False
    wait_seconds: int = 0


@dataclass(frozen=True)
class Session:
    """Who holds a token, and whether a browser sends it by itself."""

    account: Account
    is_browser: bool


class Accounts:
    """All accounts of one cloud."""

    def __init__(self, store: Store, now_ms: Callable[[], int]) -> None:
        self.store = store
        self._now_ms = now_ms

    def add(self, account: Account, password: str) -> None:
        """Create an account; ``Rejected("account.…")`` when it is incomplete, or its name taken."""
        check(account)
        sealed = passwords.seal(password)
        try:
            with self.store.alone() as connection:
                tables.add(connection, account, sealed, self._now_ms())
        except IntegrityError as taken:
            raise Rejected("account.taken", f"{account.name} exists; remove it first, or choose another") from taken

    def set_password(self, name: str, password: str) -> None:
        """Replace a password and end every session; ``Rejected("account.unknown")``."""
        sealed = passwords.seal(password)
        with self.store.alone() as connection:
            self._known(connection, name)
            tables.set_password(connection, name, sealed)

    def remove(self, name: str) -> None:
        """Erase an account and everything here that names it; ``Rejected("account.unknown")``."""
        with self.store.alone() as connection:
            self._known(connection, name)
            tables.remove(connection, name)
            asked.forget(connection, name)

    def every(self) -> list[Account]:
        """Return every account by name."""
        with self.store.reader.connect() as connection:
            return [tables.account_of(row) for row in tables.every(connection)]

    def purge(self, days: int) -> int:
        """Erase what the sign-in log holds from more than so many days ago; return how many lines."""
        with self.store.alone() as connection:
            return tables.purge(connection, self._now_ms() - days * _DAY_MS)

    def sign_in(self, name: str, password: str, address: str) -> Entrance:
        """Return a new session's token for the right password, after counting the try.

        ``Unavailable("account.busy")`` when too many try at this moment.
        """
        tried = self._try(name, password, address)
        if not tried.is_right:
            return Entrance(wait_seconds=tried.wait_seconds)
        token, now_ms = secrets.token_urlsafe(_TOKEN_BYTES), tried.now_ms
        with self.store.alone() as connection:
            tables.settle(connection, tried.line, tables.IN)
            tables.open_session(
                connection, _digest(token), name, tables.BROWSER, now_ms=now_ms, ends_ms=now_ms + LONGEST_MS
            )
        return Entrance(token)

    def change_password(self, name: str, old: str, new: str, *, address: str, token: str) -> int:
        """Replace a password by its owner's wish and end every session and token but the one of ``token``.

        Returns seconds to wait when there were too many tries, 0 when it is done. ``Rejected("account.password")`` for
        a new one that may be none, ``Rejected("account.old_password")`` for a wrong old one, which counts as a try to
        sign in. ``Unavailable`` as ``sign_in``.
        """
        passwords.check(new)
        tried = self._try(name, old, address)
        if tried.wait_seconds:
            return tried.wait_seconds
        if not tried.is_right:
            raise Rejected("account.old_password", "that is not the password")
        sealed = passwords.seal(new)
        with self.store.alone() as connection:
            tables.settle(connection, tried.line, tables.CHANGED)
            tables.set_password(connection, name, sealed, kept=_digest(token))
        return 0

    def _try(self, name: str, password: str, address: str) -> "_Try":
        """Look at a password, unless there were too many tries; what is right is left to be settled."""
        now_ms, bucket, place = self._now_ms(), _bucket(name), _network(address)
        with self.store.alone() as connection:
            until_ms = self._full_until_ms(connection, bucket, place, now_ms)
            if until_ms:
                log.warning("account.limited", address=place)
                return _Try(now_ms, wait_seconds=-(-(until_ms - now_ms) // 1000))
            row = tables.find(connection, name)
            line = tables.note(connection, now_ms, bucket, None if row is None else row.name, place)
        # A crash here: the try counts as one that failed.
        if passwords.is_password(None if row is None else row.password, password):
            return _Try(now_ms, line, is_right=True)
        with self.store.alone() as connection:
            tables.settle(connection, line, tables.REFUSED)
        return _Try(now_ms, line)

    def give_token(self, name: str, days: int) -> str:
        """Return a new token for programs, good for so many days; ``Rejected("account.unknown")``."""
        now_ms, token = self._now_ms(), secrets.token_urlsafe(_TOKEN_BYTES)
        with self.store.alone() as connection:
            self._known(connection, name)
            tables.open_session(
                connection, _digest(token), name, tables.BEARER, now_ms=now_ms, ends_ms=now_ms + days * _DAY_MS
            )
        return token

    def session(self, token: str, *, by_browser: bool) -> Session | None:
        """Return who holds a token; None for one that has ended, or that came the other kind's way."""
        now_ms, digest = self._now_ms(), _digest(token)
        with self.store.reader.connect() as connection:
            row = tables.session(connection, digest)
        kind = tables.BROWSER if by_browser else tables.BEARER
        if row is None or row.kind != kind or row.ends_ms <= now_ms:
            return None
        if by_browser and row.seen_ms + IDLE_MS <= now_ms:
            return None
        if by_browser and row.seen_ms + _TOUCH_MS <= now_ms:
            with self.store.alone() as connection:
                tables.touch(connection, digest, now_ms)
        return Session(tables.account_of(row), by_browser)

    def sign_out(self, token: str) -> None:
        """End a session, here and not only in the browser."""
        with self.store.alone() as connection:
            tables.close_session(connection, _digest(token))

    def _full_until_ms(self, connection: Connection, bucket: int, place: str, now_ms: int) -> int:
        """Return when the next try is looked at; 0 for at once."""
        by_name, by_address = tables.sign_ins.c.bucket == bucket, tables.sign_ins.c.address == place
        counted = (
            (and_(by_name, by_address), MOST_BY_PAIR),
            (by_name, MOST_BY_NAME),
            (by_address, MOST_BY_ADDRESS),
        )
        found = [tables.nth_failure_ms(connection, whose, now_ms - WINDOW_MS, most) for whose, most in counted]
        return max((moment_ms + WINDOW_MS for moment_ms in found if moment_ms is not None), default=0)

    def _known(self, connection: Connection, name: str) -> None:
        if tables.find(connection, name) is None:
            raise Rejected("account.unknown", f"nobody is called {name}")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _bucket(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:2], "big")


def _network(address: str) -> str:
    """Return what one subscriber holds: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
