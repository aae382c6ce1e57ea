"""Revoke a device: its key counts no further, its certificates are refused.

Two of the three acts of a revocation are here (registry state and revocation list). The third is the broker's: an open
connection survives a new list, so the gateway must drop the session when it reads the new registry.
"""

from datetime import datetime
from pathlib import Path

from tracewire.errors import Misuse

from provisioning import publication
from provisioning.issuing import Authority
from provisioning.registry import Entry, opened


def revoke(directory: Path, name: str, from_seq: int, reason: str, now: datetime) -> Entry:
    """Refuse every record of ``name`` from number ``from_seq`` on; in force and published when this returns.

    Records before ``from_seq`` keep their meaning: they were sealed when the key was still good. From 1 on means all.
    Raises ``Misuse`` when nobody has that name, it is revoked already, or the reason is empty.
    """
    if not reason.strip():
        raise Misuse("revoke.reason", "say why: the reason stands in the history for as long as the records do")
    if from_seq < 1:
        raise Misuse("revoke.from_seq", "record numbers begin at 1")
    with opened(directory) as history:
        entry = history.current(name)
        if entry is None:
            raise Misuse("revoke.unknown", f"no device is enrolled as {name}")
        if entry.state == "revoked":
            raise Misuse("revoke.revoked", f"{name} is revoked already")
        to_seq = from_seq - 1 if from_seq > entry.from_seq else None
        history.revoke(entry.kid, to_seq, reason, now)
        # A crash here: revoked in the history; the next publication, by any command, tells the world.
        publication.publish(history, Authority(history.files), now)
        revoked = history.current(name)
    assert revoked is not None  # it was there a moment ago, under the same lock
    return revoked
