"""COSE receipts (RFC 9942): one record's place in the log, or the log's growth, as a file that proves it offline.

A receipt is a COSE_Sign1 by the cloud's record key (ES256, which every browser's WebCrypto verifies). Its payload is
the root of the log and is left out: who checks computes it from the record and the proof, so a receipt cannot be
checked without looking at the record. Protected: algorithm, kid, the verifiable data structure RFC9162_SHA256, and CWT
claims (RFC 9597) that name the log, the sizes that a root does not show, and the time. ``external_aad`` is empty, as
plain verifiers expect; everything else that this key seals has a purpose there, so no receipt passes for an answer or
the reverse.

Written and read in one spelling only. Parsers let nothing but ``Rejected("receipt.…")`` out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tracewire import cbor, p256
from tracewire.errors import Rejected
from tracewire.p256 import SigningKey, VerifyingKey

from cloud.ledger import merkle
from cloud.ledger.merkle import HASH_BYTES

MEDIA_TYPE = 'application/cose; cose-type="cose-sign1"'

INCLUSION, CONSISTENCY = -1, -2
"""Proof types of RFC9162_SHA256 (RFC 9942 5.2 and 5.3)."""

_LARGEST_BYTES = 4096
"""64 hashes, the longest origin and some."""

_START = b"\xd2\x84"  # tag 18, array of four
_ALGORITHM_AND_KID = b"\xa4\x01\x26\x04\x48"  # {1: -7, 4: bstr of 8 …
_CLAIMS = b"\x0f"  # … 15: CWT claims …
_STRUCTURE = b"\x19\x01\x8b\x01"  # … 395: 1}
_PROOFS = b"\xa1\x19\x01\x8c\xa1"  # {396: {
_TYPES = {INCLUSION: b"\x20", CONSISTENCY: b"\x21"}
_TYPE_OF = {label: proof_type for proof_type, label in _TYPES.items()}
_ONE_PROOF = b"\x81"
_DETACHED = b"\xf6"
_SIGNATURE = b"\x58\x40"
_ISSUER, _SUBJECT, _ISSUED_AT = 1, 2, 6  # CWT claims (RFC 8392)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt taken apart; nothing is verified yet."""

    proof_type: int
    first: int
    """Inclusion: size of the tree. Consistency: size of the older tree."""
    second: int
    """Inclusion: index of the leaf. Consistency: size of the newer tree."""
    path: tuple[bytes, ...]
    origin: str
    time_s: int
    kid: bytes
    signature: bytes = b""

    @property
    def subject(self) -> str:
        """Return the sizes of the trees that the signature is about: a root does not say how many leaves it has."""
        return str(self.first) if self.proof_type == INCLUSION else f"{self.first} {self.second}"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who issues receipts: the log's name, the cloud's record key and its clock."""

    origin: str
    key: SigningKey
    now_ms: Callable[[], int]

    def inclusion(self, sealed: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
        """Return the receipt of the record at ``index`` in a log of ``size``; ``Rejected("receipt.path")``.

        Why none for a log of one record: the standard wants at least one hash in a path. The next record heals it.
        """
        root = merkle.root_of_inclusion(merkle.leaf_hash(sealed), index, size, path)
        return self._issue(INCLUSION, (size, index), path, root)

    def consistency(self, old_size: int, size: int, path: Sequence[bytes], root: bytes) -> bytes:
        """Return the receipt that the log of ``size`` began as that of ``old_size``; ``Rejected("receipt.path")``."""
        return self._issue(CONSISTENCY, (old_size, size), path, root)

    def _issue(self, proof_type: int, numbers: tuple[int, int], path: Sequence[bytes], root: bytes) -> bytes:
        if not path:
            raise Rejected("receipt.path", "nothing to prove yet: ask again when the log has grown")
        unsigned = Receipt(proof_type, *numbers, tuple(path), self.origin, self.now_ms() // 1000, self.key.kid)
        signature = p256.low_s(self.key.sign(_to_be_signed(unsigned, root)))
        return _assemble(replace(unsigned, signature=signature))


def open_inclusion(data: bytes, sealed: bytes, key: VerifyingKey) -> Receipt:
    """Return the receipt if it holds for exactly this record under this key, else ``Rejected``."""
    receipt = _parse_as(INCLUSION, data)
    root = merkle.root_of_inclusion(merkle.leaf_hash(sealed), receipt.second, receipt.first, receipt.path)
    _verify(receipt, root, key)
    return receipt


def open_consistency(data: bytes, old_root: bytes, root: bytes, key: VerifyingKey) -> Receipt:
    """Return the receipt if it holds between these two roots under this key, else ``Rejected``."""
    receipt = _parse_as(CONSISTENCY, data)
    _verify(receipt, root, key)
    merkle.check_consistency(receipt.first, receipt.second, receipt.path, old_root, root)
    return receipt


def parse(data: bytes) -> Receipt:
    """Return what a receipt says; ``Rejected("receipt.…")`` when it is not one in our one spelling."""
    if len(data) > _LARGEST_BYTES:
        raise Rejected("receipt.too_large", f"{len(data)} bytes")
    try:
        receipt = _take_apart(data)
        rebuilt = _assemble(receipt)
    except (LookupError, ValueError, TypeError, Rejected) as error:
        raise Rejected("receipt.form", "not a COSE receipt as this log writes them") from error
    if rebuilt != data:
        raise Rejected("receipt.form", "another spelling")
    if not p256.is_low_s(receipt.signature):
        raise Rejected("receipt.form", "the larger of the two signatures")
    return receipt


def _parse_as(proof_type: int, data: bytes) -> Receipt:
    receipt = parse(data)
    if receipt.proof_type != proof_type:
        raise Rejected("receipt.type", "a receipt of another kind")
    return receipt


def _verify(receipt: Receipt, root: bytes, key: VerifyingKey) -> None:
    if receipt.kid != key.kid:
        raise Rejected("receipt.kid", "signed by another key")
    try:
        key.verify(_to_be_signed(receipt, root), receipt.signature)
    except Rejected as error:
        raise Rejected("receipt.signature", "does not hold for this record and this log") from error


def _protected(receipt: Receipt) -> bytes:
    claims = cbor.encode({_ISSUER: receipt.origin, _SUBJECT: receipt.subject, _ISSUED_AT: receipt.time_s})
    return b"".join((_ALGORITHM_AND_KID, receipt.kid, _CLAIMS, claims, _STRUCTURE))


def _to_be_signed(receipt: Receipt, root: bytes) -> bytes:
    """Return the Sig_structure (RFC 9052 4.4) with the root as its detached payload."""
    return cbor.encode(["Signature1", _protected(receipt), b"", root])


def _assemble(receipt: Receipt) -> bytes:
    proof = cbor.encode([receipt.first, receipt.second, list(receipt.path)])
    proofs = _PROOFS + _TYPES[receipt.proof_type] + _ONE_PROOF + cbor.encode(proof)
    return b"".join((_START, cbor.encode(_protected(receipt)), proofs, _DETACHED, _SIGNATURE, receipt.signature))


def _take_apart(data: bytes) -> Receipt:
    """Read the fields where our spelling has them; ``parse`` compares the rest by writing them again."""
    protected, at = cbor.decode_item(data, len(_START))
    at += len(_PROOFS)
    proof_type = _TYPE_OF[data[at : at + 1]]
    encoded_proof, at = cbor.decode_item(data, at + 2)
    if not isinstance(protected, bytes) or not isinstance(encoded_proof, bytes):
        raise TypeError("byte strings expected")
    start = len(_ALGORITHM_AND_KID)
    claims, _ = cbor.decode_item(protected, start + 8 + len(_CLAIMS))
    proof = cbor.decode(encoded_proof)
    if not isinstance(claims, dict) or not isinstance(proof, list):
        raise TypeError("a map and an array expected")
    first, second, path = proof
    numbers = (first, second, claims[_ISSUED_AT])
    if any(type(number) is not int or number < 0 for number in numbers) or type(claims[_ISSUER]) is not str:
        raise TypeError("unsigned numbers and a name expected")
    if not path or any(type(each) is not bytes or len(each) != HASH_BYTES for each in path):
        raise ValueError("at least one hash of 32 bytes expected")
    signature = data[at + len(_DETACHED) + len(_SIGNATURE) :]
    if len(signature) != 64:
        raise ValueError("64 bytes of signature expected")
    kid = protected[start : start + 8]
    return Receipt(proof_type, first, second, tuple(path), claims[_ISSUER], claims[_ISSUED_AT], kid, signature)
