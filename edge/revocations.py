"""The Device CA's revocation list, as the gateway reads it: serial numbers, and when the list itself runs out.

TLS checks the list at every handshake; this reading is for the sessions that are already open, which TLS never asks
again.
"""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from tracewire.errors import Rejected


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
