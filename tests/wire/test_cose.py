"""The strict seal: what plain COSE would accept is refused, and the clause is named."""

import hashlib
import os

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given
from hypothesis import strategies as st
from tracewire import cose, p256
from tracewire.errors import Rejected

KEY = p256.SigningKey(hashlib.sha256(b"a key for tests").digest())
PUBLIC = p256.VerifyingKey(KEY.point)
PAYLOAD = b"\xa1\x01\x02"
SEALED = cose.seal(PAYLOAD, cose.RECORD, KEY)


def refused(sealed: bytes, purpose: bytes = cose.RECORD) -> str:
    """The code with which ``sealed`` is refused."""
    with pytest.raises(Rejected) as refusal:
        cose.open(sealed, purpose, PUBLIC)
    return refusal.value.code


def test_an_outsider_verifies_a_seal_with_two_libraries_and_none_of_ours() -> None:
    message = cbor2.loads(SEALED)
    protected, unprotected, payload, signature = message.value
    assert (message.tag, cbor2.loads(protected), payload) == (18, {1: -7}, PAYLOAD)
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), KEY.point)
    assert unprotected == {4: hashlib.sha256(p256.spki(KEY.point)).digest()[:8]}
    signed = cbor2.dumps(["Signature1", protected, b"chengxin/record/1", payload])
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))


def test_a_seal_opens_for_its_own_purpose_only() -> None:
    assert cose.open(SEALED, cose.RECORD, PUBLIC).payload == PAYLOAD
    assert refused(SEALED, cose.RECEIPT) == "cose.signature"


def test_another_key_is_told_apart_before_the_signature_is_looked_at() -> None:
    other = p256.SigningKey(hashlib.sha256(b"another key").digest())
    assert refused(cose.seal(PAYLOAD, cose.RECORD, other)) == "cose.kid"


def test_the_right_kid_with_the_wrong_key_does_not_verify() -> None:
    other = p256.SigningKey(hashlib.sha256(b"another key").digest())
    forged = cose.seal(PAYLOAD, cose.RECORD, other).replace(other.kid, KEY.kid)
    assert refused(forged) == "cose.signature"


def spelled(tag: int = 18, **parts: object) -> bytes:
    """The same message in another spelling of COSE."""
    protected, unprotected, payload, signature = cbor2.loads(SEALED).value
    fields = {"protected": protected, "unprotected": unprotected, "payload": payload, "signature": signature, **parts}
    return cbor2.dumps(cbor2.CBORTag(tag, list(fields.values())))


@pytest.mark.parametrize(
    ("sealed", "code"),
    [
        (SEALED[1:], "cose.tag"),
        (spelled(tag=17), "cose.tag"),
        (cbor2.dumps(cbor2.CBORTag(18, {})), "cose.array"),
        (spelled(protected=b""), "cose.protected"),
        (spelled(protected=b"\xa0", unprotected={1: -7, 4: KEY.kid}), "cose.protected"),
        (spelled(protected=cbor2.dumps({1: -8})), "cose.protected"),
        (spelled(protected=cbor2.dumps({1: -9})), "cose.protected"),
        (spelled(protected=cbor2.dumps({1: -7, 4: KEY.kid}), unprotected={}), "cose.protected"),
        (spelled(unprotected={}), "cose.unprotected"),
        (spelled(unprotected={4: b"short"}), "cose.unprotected"),
        (spelled(unprotected={4: KEY.kid, 5: 1}), "cose.unprotected"),
        (spelled(payload=None), "cose.payload"),
        (spelled(signature=b"\x00" * 63), "cose.signature_length"),
        (spelled(signature=b"\x00" * 65), "cose.signature_length"),
        (spelled(signature=b"\x00" * 64), "cose.signature"),
        (SEALED + b"\x00", "cose.trailing"),
        (SEALED[:-1], "cose.truncated"),
        (SEALED[:20], "cbor.truncated"),
        (b"", "cose.tag"),
        (os.urandom(0) + b"\xd2", "cose.array"),
        (SEALED[:17] + b"\x58\x03" + SEALED[18:], "cbor.shortest"),
        (b"\xd2" + bytes(4096), "cose.size"),
    ],
)
def test_any_other_spelling_is_refused_with_the_clause(sealed: bytes, code: str) -> None:
    assert refused(sealed) == code


def test_the_larger_of_the_two_signatures_is_refused() -> None:
    s = int.from_bytes(SEALED[-32:], "big")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    assert refused(SEALED[:-32] + (order - s).to_bytes(32, "big")) == "cose.high_s"


@given(st.integers(0, len(SEALED) * 8 - 1))
def test_no_flipped_bit_opens(bit: int) -> None:
    flipped = bytearray(SEALED)
    flipped[bit // 8] ^= 1 << bit % 8
    refused(bytes(flipped))


@given(st.binary(max_size=200))
def test_any_bytes_are_rejected_and_nothing_else_escapes(data: bytes) -> None:
    refused(data)


@given(st.binary(max_size=300))
def test_every_payload_survives_the_seal(payload: bytes) -> None:
    assert cose.open(cose.seal(payload, cose.ANSWER, KEY), cose.ANSWER, PUBLIC).payload == payload
