"""The Device CA's revocation list, as the gateway reads it: serial numbers, and when the list itself runs out.

TLS checks the list at every handshake; this reading is for the sessions that are already open, which TLS never asks
again, and for the person who has to bring a fresh list in time: an expired one shuts the whole market out.
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from tracewire.errors import Rejected

DAY_MS = 24 * 3_600_000
WARN_DAYS = 14
"""Warn this long before: a list is carried to a site by hand, and holidays last a week."""


@dataclass(frozen=True)
class Revocations:
    """Certificates that must not be served, and the Unix time (ms) after which TLS refuses *every* device."""

    serials: frozenset[int]
    next_update_ms: int


def read(path: Path) -> Revocations:
    """Return the list in a PEM file; ``Rejected("crl.…")`` when it cannot be read."""
    try:
        listing = x509.load_pem_x509_crl(path.read_bytes())
    except (OSError, ValueError) as broken:
        raise Rejected("crl.unreadable", f"{path.name}: {broken}") from broken
    if listing.next_update_utc is None:
        raise Rejected("crl.endless", f"{path.name} does not say until when it is good")
    serials = frozenset(entry.serial_number for entry in listing)
    return Revocations(serials, int(listing.next_update_utc.timestamp() * 1000))


class ExpiryReminder:
    """Says whether it is time to remind of a list that runs out: within ``WARN_DAYS``, and once a day."""

    def __init__(self) -> None:
        self._next_ms = 0

    def is_due(self, next_update_ms: int, now_ms: int) -> bool:
        """Tell whether to remind now; a yes counts as done."""
        if next_update_ms - now_ms > WARN_DAYS * DAY_MS or now_ms < self._next_ms:
            return False
        self._next_ms = now_ms + DAY_MS
        return True
