"""Checkpoints: the signed head of the log, as C2SP writes it (c2sp.org/tlog-checkpoint).

Three lines, origin, size and root, signed twice: with Ed25519, which every witness knows, and with ML-DSA-44, which a
quantum computer cannot forge. The latter signs no text but the structure of c2sp.org/tlog-cosignature, with the time in
it. A witness signs the same head with its own key and the time at which it was the newest it had seen. Parsers let
nothing but ``Rejected`` out.
"""

import base64
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from tracewire.errors import Rejected

from cloud.db.engine import LARGEST_INTEGER
from cloud.ledger import note
from cloud.ledger.merkle import EMPTY_ROOT, HASH_BYTES
from cloud.ledger.note import KeyType, Signature, VerifierKey

_LABEL = b"subtree/v1\n\x00"
_LONGEST_SIZE = len(str(LARGEST_INTEGER))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log named ``origin`` had ``size`` leaves under ``root``."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Further lines that other logs may have; ours has none, and ML-DSA-44 would not cover them."""

    @property
    def text(self) -> str:
        """Return the lines that are signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key of a log or a witness, and how it is known."""

    key: VerifierKey
    private: Ed25519PrivateKey | MLDSA44PrivateKey

    def sign(self, checkpoint: Checkpoint, time_s: int) -> Signature:
        """Return the signature line of a checkpoint at a Unix time in seconds."""
        value = self.private.sign(_signed_bytes(self.key, checkpoint, time_s))
        stamp = b"" if self.key.type == KeyType.ED25519 else struct.pack(">Q", time_s)
        return Signature(self.key.name, self.key.key_id, stamp + value)


def seal(
    checkpoint: Checkpoint, signers: Sequence[Signer], time_s: int, cosignatures: Sequence[Signature] = ()
) -> bytes:
    """Return the checkpoint as a signed note, with the lines that witnesses made for it."""
    return note.encode(checkpoint.text, [*(signer.sign(checkpoint, time_s) for signer in signers), *cosignatures])


def parse(text: str) -> Checkpoint:
    """Return what the text of a note says; ``Rejected("checkpoint.…")`` when it is not a checkpoint."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise Rejected("checkpoint.form", "origin, size and root expected, a line each")
    origin, digits, encoded_root, *extensions = lines
    if not digits.isascii() or not digits.isdigit() or len(digits) > _LONGEST_SIZE or digits != str(int(digits)):
        raise Rejected("checkpoint.size", "a decimal number without leading zeros expected")
    root = note.bytes_of(encoded_root)
    if len(root) != HASH_BYTES or (digits == "0" and root != EMPTY_ROOT):
        raise Rejected("checkpoint.root", "32 bytes expected, and for an empty log those of the empty tree")
    return Checkpoint(origin, int(digits), root, tuple(extensions))


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A checkpoint whose signatures by the log hold."""

    checkpoint: Checkpoint
    time_s: int
    """When the log signed it by its own clock, in Unix seconds; 0 when only Ed25519 was checked, which has no time."""
    signatures: tuple[Signature, ...]
    """Every line of the note, those of witnesses among them; only the log's own are verified."""


def open_note(data: bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Return the checkpoint of a note that every one of ``keys`` has signed; see ``open_signed``."""
    return open_signed(data, keys).checkpoint


def open_signed(data: bytes, keys: Sequence[VerifierKey]) -> SignedHead:
    """Return the head of a note that every one of ``keys`` has signed; lines of other keys are not looked at.

    Why every one: a note stripped of its ML-DSA-44 signature must not pass once Ed25519 can be forged. Raises
    ``Rejected("note.…")``, ``Rejected("checkpoint.…")``.
    """
    signed = note.parse(data)
    checkpoint = parse(signed.text)
    if not keys:
        raise Rejected("checkpoint.signature", "no key to verify with")
    times = cosigned(checkpoint, signed.signatures, keys)
    for key in keys:
        if key not in times:
            raise Rejected("checkpoint.signature", f"not signed by {key.name} with {key.type.name}")
    return SignedHead(checkpoint, max(times.values()), signed.signatures)


def cosigned(checkpoint: Checkpoint, lines: Sequence[Signature], keys: Sequence[VerifierKey]) -> dict[VerifierKey, int]:
    """Return which of these keys signed the checkpoint, and when last: Unix seconds, by the signer's clock.

    Raises ``Rejected("checkpoint.signature")`` for a line that names one of the keys and does not hold: somebody made
    it up.
    """
    times = {key: _times_of(key, checkpoint, lines) for key in keys}
    return {key: max(found) for key, found in times.items() if found}


def _times_of(key: VerifierKey, checkpoint: Checkpoint, lines: Sequence[Signature]) -> list[int]:
    """Verify every line of one key and return the times in them; lines of other keys are ignored."""
    own = [each for each in lines if (each.name, each.key_id) == (key.name, key.key_id)]
    return [_verify(key, checkpoint, line.value) for line in own]


def _verify(key: VerifierKey, checkpoint: Checkpoint, value: bytes) -> int:
    time_s, value = _stamp(key, value)
    try:
        message = _signed_bytes(key, checkpoint, time_s)
        if key.type == KeyType.ML_DSA_44:
            MLDSA44PublicKey.from_public_bytes(key.public).verify(value, message)
        else:
            Ed25519PublicKey.from_public_bytes(key.public).verify(value, message)
    except (InvalidSignature, ValueError) as error:
        raise Rejected("checkpoint.signature", f"{key.type.name} of {key.name} does not hold") from error
    return time_s


def _stamp(key: VerifierKey, value: bytes) -> tuple[int, bytes]:
    """Cut the time off a timestamped signature; the plain Ed25519 signature of a log has none."""
    if key.type == KeyType.ED25519:
        return 0, value
    time_s = int.from_bytes(value[:8], "big")
    if time_s > LARGEST_INTEGER:
        raise Rejected("checkpoint.signature", "a time beyond 63 bits")
    return time_s, value[8:]


def _signed_bytes(key: VerifierKey, checkpoint: Checkpoint, time_s: int) -> bytes:
    """Return what the key signs: the text, the text under a time, or the ``cosigned_message`` of tlog-cosignature."""
    if key.type == KeyType.ED25519:
        return checkpoint.text.encode()
    if key.type == KeyType.COSIGNATURE_V1:
        return f"cosignature/v1\ntime {time_s}\n{checkpoint.text}".encode()
    name, origin = key.name.encode(), checkpoint.origin.encode()
    if checkpoint.extensions or len(origin) > 255:
        raise Rejected("checkpoint.form", "ML-DSA-44 signs neither extension lines nor an origin of over 255 bytes")
    return b"".join(
        (
            _LABEL,
            bytes([len(name)]) + name,
            struct.pack(">Q", time_s),
            bytes([len(origin)]) + origin,
            struct.pack(">QQ", 0, checkpoint.size),
            checkpoint.root,
        )
    )
