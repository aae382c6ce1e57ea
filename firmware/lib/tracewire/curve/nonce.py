"""Nonces of RFC 6979: the HMAC_DRBG of its §3.2, with the additional input of §3.6 when there is entropy.

Why hedged when there is entropy: purely deterministic signing lets one fault in a repeated signature give the secret
away. Why not random: with a broken random source the generator falls back to the deterministic one, message by message,
and never repeats a nonce for two messages.

The same generator yields the values that blind the arithmetic. They need not be secret from the key's owner, only
unpredictable from outside, and this way they are so even where there is no random source at all.
"""

from hashlib import sha256

from tracewire.curve.parameters import ORDER

_INNER = int.from_bytes(b"\x36" * 64, "big")
_OUTER = int.from_bytes(b"\x5c" * 64, "big")


def hmac_sha256(key: bytes, *parts: bytes) -> bytes:
    """Return HMAC-SHA-256 (RFC 2104) with a key of 32 bytes; MicroPython has no ``hmac``."""
    padded = int.from_bytes(key, "big") << 256
    inner = sha256((padded ^ _INNER).to_bytes(64, "big"))
    for part in parts:
        inner.update(part)
    outer = sha256((padded ^ _OUTER).to_bytes(64, "big"))
    outer.update(inner.digest())
    return outer.digest()


class NonceSource:
    """The generator of one signature: seeded by secret, message digest and optional entropy."""

    def __init__(self, secret: bytes, digest: bytes, entropy: bytes = b"") -> None:
        """Take 32 bytes of secret and 32 of SHA-256 of the message (RFC 6979 §3.2 a to g, §3.6)."""
        reduced = (int.from_bytes(digest, "big") % ORDER).to_bytes(32, "big")
        self._key = bytes(32)
        self._block = b"\x01" * 32
        self._update(b"\x00", secret, reduced, entropy)
        self._update(b"\x01", secret, reduced, entropy)
        self._is_fresh = True

    def nonce(self) -> int:
        """Return the next nonce in [1, n - 1]; the second and later ones when the first was of no use (§3.2 h)."""
        while True:
            if not self._is_fresh:
                self._update(b"\x00")
            self._is_fresh = False
            candidate = self._next_block()
            if 0 < candidate < ORDER:
                return candidate

    def blind(self) -> int:
        """Return a nonzero number below n, which is also below the field's prime."""
        return self._next_block() % (ORDER - 1) + 1

    def _next_block(self) -> int:
        self._block = hmac_sha256(self._key, self._block)
        return int.from_bytes(self._block, "big")

    def _update(self, *parts: bytes) -> None:
        self._key = hmac_sha256(self._key, self._block, *parts)
        self._block = hmac_sha256(self._key, self._block)
