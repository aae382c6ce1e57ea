"""Passwords: Argon2id (RFC 9106 § 4, second recommended choice: 64 MiB, three passes), and what may be one.

Why a turnstile: each hash takes 64 MiB for as long as it lasts, and anybody may ask for one. Whoever finds all turns
taken is told to come back, before any memory is.
"""

import functools
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from tracewire.errors import Rejected, Unavailable

LEAST_CHARACTERS, MOST_CHARACTERS = 12, 256
"""NIST SP 800-63B § 5.1.1.2 asks for eight at least; no rules of composition, as there."""

_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"
"""Without signs that a person takes for one another."""
_GROUPS, _GROUP = 5, 4
_AT_ONCE = 2
_WAIT_SECONDS = 10.0

_turns = threading.BoundedSemaphore(_AT_ONCE)
_hasher = PasswordHasher()


def generate() -> str:
    """Return a new password of 20 letters and digits, 98 bits, in groups to be read out."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


def check(password: str) -> None:
    """Return if this may be a password; ``Rejected("account.password")`` when it is too short or too long."""
    if not LEAST_CHARACTERS <= len(password) <= MOST_CHARACTERS:
        raise Rejected("account.password", f"{LEAST_CHARACTERS} to {MOST_CHARACTERS} characters expected")


def seal(password: str) -> str:
    """Return what to store of a password; raises as ``check``."""
    check(password)
    with _turn():
        return _hasher.hash(_plain(password))


def is_password(stored: str | None, password: str) -> bool:
    """Tell whether ``password`` is the one stored; without one stored it takes as long and is false.

    ``Unavailable("account.busy")`` when too many ask at once.
    """
    with _turn():
        try:
            _hasher.verify(_nobodys() if stored is None else stored, _plain(password[:MOST_CHARACTERS]))
        except VerifyMismatchError:
            return False
    return stored is not None


def _plain(password: str) -> bytes:
    """Return the bytes of a password: keyboards spell one character in several ways."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@functools.cache
def _nobodys() -> str:
    return _hasher.hash(secrets.token_bytes(16))


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=_WAIT_SECONDS):
        raise Unavailable("account.busy", "too many sign in at this moment; try again")
    try:
        yield
    finally:
        _turns.release()
