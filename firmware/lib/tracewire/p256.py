"""ES256 keys on either Python; the only file that asks which one this is.

Why ask at all: a host has the ``cryptography`` library, stock MicroPython has no ECDSA, so the device brings its own
(``tracewire.curve``). There is no fallback between them: an interpreter that can run machine code signs with the
``viper`` engine or not at all, and ``ENGINE`` says what this one uses. Both produce the same bytes (RFC 6979).

This is the plain primitive: (r, n - s) verifies as well as (r, s). The rule that only the smaller s counts is a rule of
our messages and stands in ``cose`` (spec 2.5), with ``low_s`` and ``is_low_s`` from here.
"""

import sys
from hashlib import sha256

from tracewire.curve.parameters import ORDER
from tracewire.errors import Misuse, Rejected, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class _Signer(Protocol):
        point: bytes

        def sign(self, message: bytes) -> bytes: ...

    class _Verifier(Protocol):
        def holds(self, message: bytes, r: int, s: int) -> bool: ...

    class _Backend(Protocol):
        name: str

        def signer(self, secret: int, entropy: "Callable[[int], bytes] | None") -> _Signer: ...
        def verifier(self, point: bytes) -> _Verifier: ...
        def check_tables(self) -> None: ...


# Bits 10 to 13 name the machine that the native emitter writes for; zero is an interpreter without one.
_EMITTER = getattr(sys.implementation, "_mpy", 0) >> 10 & 0xF

_backend: "_Backend"
if sys.implementation.name == "cpython":
    from tracewire.curve.library import Library

    _backend = Library()
else:
    from tracewire.curve.software import Software

    if _EMITTER:
        try:
            from tracewire.curve.viper import ViperEngine
        except (ImportError, SyntaxError, ValueError) as error:  # missing, not compilable, made for another machine
            raise Misuse("p256.engine", "no viper engine: " + str(error))
        _backend = Software(ViperEngine())
    else:
        from tracewire.curve.bigint import BigintEngine

        _backend = Software(BigintEngine())

ENGINE = _backend.name
"""What does the arithmetic here: "cryptography", "viper" or "bigint"."""

_SPKI_HEAD = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"
"""DER up to the point: SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of 65 bytes } (RFC 5480)."""

_CANDIDATES = 8
"""Draws for a new secret. A sound source misses [1, n - 1] once in 2**32, so eight misses mean a broken source."""


class SigningKey:
    """A secret that signs. Holds ``point`` (65 bytes, uncompressed) and ``kid`` (8 bytes); never shows the secret."""

    def __init__(self, secret: bytes, entropy: "Callable[[int], bytes] | None" = None) -> None:
        """Take 32 bytes, big-endian, in [1, n - 1] (else ``Misuse``) and the source that hedges nonces.

        Without ``entropy`` signatures are those of RFC 6979. Costs the time of a signature, for the point.
        """
        number = int.from_bytes(secret, "big")
        if len(secret) != 32 or not 0 < number < ORDER:
            raise Misuse("p256.secret", "32 bytes in [1, n - 1] expected")
        self._signer = _backend.signer(number, entropy)
        self.point = self._signer.point
        self.kid = key_id(self.point)

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes r, s over SHA-256 of ``message``; ``Misuse("p256.fault")`` when a check of it fails."""
        return self._signer.sign(message)


class VerifyingKey:
    """A public point that checks signatures. On the device it keeps 2 KiB of table, made when it is built."""

    def __init__(self, point: bytes) -> None:
        """Take 65 bytes, uncompressed; ``Rejected("p256.point")`` unless they are a point of the curve."""
        if len(point) != 65 or point[0] != 4:
            raise Rejected("p256.point", "65 bytes, uncompressed, expected")
        self.point = bytes(point)
        self.kid = key_id(self.point)
        self._verifier = _backend.verifier(self.point)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Return when ``signature`` over SHA-256 of ``message`` holds, else raise ``Rejected("p256.signature")``."""
        if len(signature) != 64:
            raise Rejected("p256.signature", "64 bytes expected")
        r = int.from_bytes(signature[:32], "big")
        s = int.from_bytes(signature[32:], "big")
        if not (0 < r < ORDER and 0 < s < ORDER):
            raise Rejected("p256.signature", "r and s lie in [1, n - 1]")
        if not self._verifier.holds(message, r, s):
            raise Rejected("p256.signature", "does not verify")


def spki(point: bytes) -> bytes:
    """Return the DER SubjectPublicKeyInfo of an uncompressed ``point``, 91 bytes."""
    return _SPKI_HEAD + bytes(point)


def key_id(point: bytes) -> bytes:
    """Return the ``kid`` of a key: the first 8 bytes of SHA-256 over its SubjectPublicKeyInfo."""
    return sha256(spki(point)).digest()[:8]


def new_secret(entropy: "Callable[[int], bytes]") -> bytes:
    """Return 32 bytes drawn evenly from [1, n - 1]; ``Unavailable("p256.entropy")`` when the source is stuck."""
    for _ in range(_CANDIDATES):
        candidate = entropy(32)
        if len(candidate) == 32 and 0 < int.from_bytes(candidate, "big") < ORDER:
            return candidate
    raise Unavailable("p256.entropy", "the random source yields no secret")


def low_s(signature: bytes) -> bytes:
    """Return the one of the two equivalent signatures (r, s) and (r, n - s) that has the smaller s."""
    if is_low_s(signature):
        return signature
    s = ORDER - int.from_bytes(signature[32:], "big")
    return signature[:32] + s.to_bytes(32, "big")


def is_low_s(signature: bytes) -> bool:
    """Return whether s is the smaller of the two that verify: at most n / 2."""
    return int.from_bytes(signature[32:], "big") <= ORDER >> 1


def self_test() -> None:
    """Return when this engine is sound; ``Misuse("p256.self_test")`` when it is not: such a device must not boot.

    Checks the comb's digest, one answer of RFC 6979 A.2.5, that it verifies, and that a changed one does not.
    """
    _backend.check_tables()
    key = SigningKey(_KNOWN_SECRET)
    verifying = VerifyingKey(_KNOWN_POINT)
    if key.point != _KNOWN_POINT or key.sign(b"sample") != _KNOWN_SIGNATURE:
        raise Misuse("p256.self_test", "a known signature came out differently")
    try:
        verifying.verify(b"sample", _KNOWN_SIGNATURE)
    except Rejected:
        raise Misuse("p256.self_test", "a known signature was refused")
    try:
        verifying.verify(b"simple", _KNOWN_SIGNATURE)
    except Rejected:
        return
    raise Misuse("p256.self_test", "a false signature was accepted")


# RFC 6979 A.2.5, message "sample", SHA-256. A published key: it protects nothing.
_KNOWN_SECRET = (
    b"\xc9\xaf\xa9\xd8\x45\xba\x75\x16\x6b\x5c\x21\x57\x67\xb1\xd6\x93\x4e\x50\xc3\xdb\x36\xe8\x9b\x12\x7b\x8a"
    b"\x62\x2b\x12\x0f\x67\x21"
)
_KNOWN_POINT = (
    b"\x04\x60\xfe\xd4\xba\x25\x5a\x9d\x31\xc9\x61\xeb\x74\xc6\x35\x6d\x68\xc0\x49\xb8\x92\x3b\x61\xfa\x6c\xe6"
    b"\x69\x62\x2e\x60\xf2\x9f\xb6\x79\x03\xfe\x10\x08\xb8\xbc\x99\xa4\x1a\xe9\xe9\x56\x28\xbc\x64\xf2\xf1\xb2"
    b"\x0c\x2d\x7e\x9f\x51\x77\xa3\xc2\x94\xd4\x46\x22\x99"
)
_KNOWN_SIGNATURE = (
    b"\xef\xd4\x8b\x2a\xac\xb6\xa8\xfd\x11\x40\xdd\x9c\xd4\x5e\x81\xd6\x9d\x2c\x87\x7b\x56\xaa\xf9\x91\xc3\x4d"
    b"\x0e\xa8\x4e\xaf\x37\x16\xf7\xcb\x1c\x94\x2d\x65\x7c\x41\xd4\x36\xc7\xa1\xb6\xe2\x9f\x65\xf3\xe9\x00\xdb"
    b"\xb9\xaf\xf4\x06\x4d\xc4\xab\x2f\x84\x3a\xcd\xa8"
)
