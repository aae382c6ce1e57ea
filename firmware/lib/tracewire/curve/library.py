"""P-256 on a host: the ``cryptography`` library behind the same three doors as our own ``software``."""

from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CURVE = ec.SECP256R1()
_DETERMINISTIC = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_RANDOMISED = ec.ECDSA(hashes.SHA256())
_OF_DIGEST = ec.ECDSA(utils.Prehashed(hashes.SHA256()))  # the library's own hashing takes a microsecond to set up


class Signer:
    """Signs with one secret.

    Without ``entropy`` nonces are those of RFC 6979 §3.2, so that vectors can be replayed. With it they are OpenSSL's
    random ones: the library offers no hedged form, and its own random source is better than any a caller would bring.
    """

    def __init__(self, secret: int, entropy: "Callable[[int], bytes] | None") -> None:
        self._key = ec.derive_private_key(secret, _CURVE)
        self._scheme = _DETERMINISTIC if entropy is None else _RANDOMISED
        self.point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, message: bytes) -> bytes:
        """Return r and s, 32 bytes each, over SHA-256 of ``message``."""
        r, s = utils.decode_dss_signature(self._key.sign(message, self._scheme))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Verifier:
    """Checks signatures of one public point; ``Rejected("p256.point")`` when it is not on the curve."""

    def __init__(self, point: bytes) -> None:
        try:
            self._key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
        except ValueError as error:
            raise Rejected("p256.point", "not on the curve") from error

    def holds(self, message: bytes, r: int, s: int) -> bool:
        """Return whether (r, s), both in [1, n - 1], is a signature over SHA-256 of ``message``."""
        try:
            self._key.verify(utils.encode_dss_signature(r, s), sha256(message).digest(), _OF_DIGEST)
        except InvalidSignature:
            return False
        return True


class Library:
    """What ``tracewire.p256`` needs of a back end, made of the library."""

    name = "cryptography"

    def signer(self, secret: int, entropy: "Callable[[int], bytes] | None") -> Signer:
        """Return a signer for ``secret`` in [1, n - 1]."""
        return Signer(secret, entropy)

    def verifier(self, point: bytes) -> Verifier:
        """Return a verifier for an uncompressed ``point``; ``Rejected("p256.point")``."""
        return Verifier(point)

    def check_tables(self) -> None:
        """Nothing to check: no table of ours is in use."""
