"""The device's record key: signs, and never shows its secret.

The secret is read once from ``record.key`` (32 bytes, written at enrolment) and lives on inside the signer only. Nonces
are hedged with the board's entropy: they are sound even when that entropy is poor (RFC 6979 §3.6).
"""

from tracewire import p256
from tracewire.errors import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FILE = "record.key"


class KeyStore:
    """The record key as ``tracewire.cose.seal`` wants it: ``sign``, ``kid``, ``point``."""

    def __init__(self, root: str, entropy: "Callable[[int], bytes]") -> None:
        """Read the key under ``root``; ``Misuse("keystore.absent")`` or ``("keystore.broken")`` when there is none."""
        try:
            with open(root + "/" + FILE, "rb") as stream:
                secret = stream.read(33)
        except OSError:
            raise Misuse("keystore.absent", "this device is not enrolled")
        if len(secret) != 32:
            raise Misuse("keystore.broken", FILE + " must have 32 bytes")  # how many it has is nobody's business
        self._key = p256.SigningKey(secret, entropy)

    @property
    def kid(self) -> bytes:
        """Key identifier, 8 bytes (spec 2.3)."""
        return self._key.kid

    @property
    def point(self) -> bytes:
        """Public point, 65 bytes."""
        return self._key.point

    def sign(self, message: bytes) -> bytes:
        """Return the signature over ``message``, 64 bytes."""
        return self._key.sign(message)
