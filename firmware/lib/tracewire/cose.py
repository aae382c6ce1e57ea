"""Step 2 of 11, sign: seal bytes into a COSE_Sign1 message and open it again (spec 2).

Before: firmware/app/scale/weighing.py
After: firmware/app/device/journal.py

Why a profile and not all of COSE (RFC 9052): one message must have exactly one spelling, or two honest keepers would
hash different bytes. Tag 18; protected header exactly {1: -7}; unprotected header exactly {4: kid}; payload present;
signature 64 bytes with the smaller of the two valid ``s``. What plain COSE would also accept (no tag, algorithm outside
the protected header, empty header as A0) is refused, and the error's code names the clause.

The purpose goes into ``external_aad``: a signature made for a record never counts as one for a receipt.
"""

from tracewire import cbor, p256
from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracewire.p256 import SigningKey, VerifyingKey

RECORD = b"chengxin/record/1"
RECEIPT = b"chengxin/receipt/1"
ENVELOPE = b"chengxin/envelope/1"
ANSWER = b"chengxin/answer/1"
VOUCHER = b"chengxin/voucher/1"
REGISTRY = b"chengxin/registry/1"
PROOF = b"chengxin/proof/1"
FIRMWARE = b"chengxin/firmware/1"
FEED = b"chengxin/feed/1"

MAX_SEALED_BYTES = 4096
"""Most bytes of a sealed record or receipt (spec 2.6); envelopes and registries bring their own limit."""

ALGORITHM_ES256 = -7
_PROTECTED = cbor.encode({1: ALGORITHM_ES256})
_TAG_AND_ARRAY = b"\xd2\x84"
_UNPROTECTED_HEAD = b"\xa1\x04\x48"
_SIGNATURE_HEAD = b"\x58\x40"
_CONTEXT = b"\x84\x6aSignature1\x43" + _PROTECTED
_PREFIX = _TAG_AND_ARRAY + b"\x43" + _PROTECTED + _UNPROTECTED_HEAD


class Sealed:
    """A message taken apart: who says it (``kid``), what (``payload``), the ``signature``; nothing is verified yet."""

    def __init__(self, kid: bytes, payload: bytes, signature: bytes) -> None:
        self.kid = kid
        self.payload = payload
        self.signature = signature


def to_be_signed(payload: bytes, purpose: bytes) -> bytes:
    """Return the Sig_structure (RFC 9052 §4.4) that the signature covers (spec 2.4)."""
    return b"".join((_CONTEXT, cbor.head(0x40, len(purpose)), purpose, cbor.head(0x40, len(payload)), bytes(payload)))


def seal(payload: bytes, purpose: bytes, key: "SigningKey") -> bytes:
    """Return ``payload`` sealed by ``key`` for one ``purpose``; about 30 ms on a small microcontroller."""
    signature = p256.low_s(key.sign(to_be_signed(payload, purpose)))
    return b"".join((_PREFIX, key.kid, cbor.head(0x40, len(payload)), bytes(payload), _SIGNATURE_HEAD, signature))


def parse(sealed: bytes, limit: int = MAX_SEALED_BYTES) -> Sealed:
    """Return the parts of a message in the strict profile; ``Rejected("cose.…")`` names the broken clause.

    Verifies no signature: use ``open``. Exists on its own because the key to verify with is found by ``kid``.
    """
    sealed = bytes(sealed)
    if len(sealed) > limit:
        raise Rejected("cose.size", "%d bytes, at most %d" % (len(sealed), limit))
    if sealed[:1] != b"\xd2":
        raise Rejected("cose.tag", "tag 18 expected")
    if sealed[:2] != _TAG_AND_ARRAY:
        raise Rejected("cose.array", "an array of four expected")
    if sealed[2:6] != _PREFIX[2:6]:
        raise Rejected("cose.protected", "the protected header is exactly {1: -7}")
    if sealed[6:9] != _UNPROTECTED_HEAD or len(sealed) < 17:
        raise Rejected("cose.unprotected", "the unprotected header is exactly {4: kid of 8 bytes}")
    payload, end = cbor.decode_item(sealed, 17)
    if not isinstance(payload, bytes):
        raise Rejected("cose.payload", "a byte string expected")
    if sealed[end : end + 2] != _SIGNATURE_HEAD:
        raise Rejected("cose.signature_length", "64 bytes expected")
    if len(sealed) != end + 66:
        raise Rejected("cose.truncated" if len(sealed) < end + 66 else "cose.trailing")
    return Sealed(sealed[9:17], payload, sealed[end + 2 :])


def open(sealed: bytes, purpose: bytes, key: "VerifyingKey", limit: int = MAX_SEALED_BYTES) -> Sealed:
    """Return the parts of a message whose signature by ``key`` for ``purpose`` holds, else ``Rejected``."""
    message = parse(sealed, limit)
    verify(message, purpose, key)
    return message


def verify(message: Sealed, purpose: bytes, key: "VerifyingKey") -> None:
    """Check a parsed message's signature; ``Rejected`` with ``cose.kid``, ``cose.high_s`` or ``cose.signature``."""
    if message.kid != key.kid:
        raise Rejected("cose.kid", "sealed by another key")
    # The mirror (r, n - s) of a good signature is good too; refusing it keeps one message one byte string (spec 2.5).
    if not p256.is_low_s(message.signature):
        raise Rejected("cose.high_s", "the larger of the two signatures")
    try:
        key.verify(to_be_signed(message.payload, purpose), message.signature)
    except Rejected:
        raise Rejected("cose.signature", "does not verify")
