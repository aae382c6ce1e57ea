"""Unlock a sealed device by telephone: the digits on its screen go in, the digits that open it come out.

Why a derived secret: the authority keeps one key, ``private/unlock.key``, and each device the secret that follows from
it and from its record key. Nothing can be lost between the two, and a device that is enrolled again gets another one.
The secret stands in no registry, no history and no log. That an answer was told, for which challenge and why, stands
in the history before it is told; the answer does not.
"""

import hmac
import secrets
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from tracewire.errors import Misuse
from tracewire.unlock import response_to

from provisioning import durable
from provisioning.layout import Layout
from provisioning.registry import opened

_PURPOSE = b"chengxin/unlock-secret/1\0"
_KEY_BYTES = 32


def secret_of(files: Layout, kid: bytes) -> bytes:
    """Return the unlock secret of the device with this record key (spec 13.1); the first call makes the authority's.

    Call it under the authority's lock. On disk when this returns: a secret that was given away can be derived again.
    """
    if not files.unlock_key.exists():
        durable.replace(files.unlock_key, secrets.token_bytes(_KEY_BYTES), durable.PRIVATE)
    return hmac.digest(files.unlock_key.read_bytes(), _PURPOSE + kid, sha256)


def answer(directory: Path, name: str, challenge: str, reason: str, now: datetime) -> str:
    """Return the digits that open the lock of ``name`` once; who got them and why is on disk when this returns.

    Raises ``Misuse`` when nobody has that name, it is revoked or the reason is empty; ``Rejected("unlock.challenge")``
    for digits that no device shows.
    """
    if not reason.strip():
        raise Misuse("unlock.reason", "say why: the reason stands in the history for as long as the records do")
    with opened(directory) as history:
        entry = history.current(name)
        if entry is None:
            raise Misuse("unlock.unknown", f"no device is enrolled as {name}")
        if entry.state == "revoked":
            raise Misuse("unlock.revoked", f"{name} is revoked; it stays locked")
        digits = response_to(secret_of(history.files, entry.kid), name, challenge)
        history.unlock(entry.kid, challenge, reason, now)
        # A crash here: noted and not told. Asking again notes it again and gives the same digits.
    return digits
