"""Every check on a device's claim, each with the defect it is there for."""

import contextlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from tracewire import cbor, cose, enrolment
from tracewire.errors import Misuse, Rejected
from tracewire.p256 import SigningKey

from provisioning import claim as claims
from tests.provisioning.claimant import Claimant, claim_of, new_tls_key, spki_of

NAME = "scale-0001"
NONCE = bytes(range(32))


def refusal(message: bytes) -> str:
    with pytest.raises(Rejected) as caught:
        claims.check(message, NAME, NONCE)
    return caught.value.code


def test_an_honest_claim_yields_both_public_keys() -> None:
    claimant = Claimant(NAME, NONCE, first_seq=42)
    claim = claims.check(claimant.claim(), NAME, NONCE)
    assert claim.point == claimant.record_key.point
    assert claim.tls_key == claimant.tls_key.public_key()
    assert claim.first_seq == 42


def test_a_p384_request_is_refused() -> None:
    assert refusal(Claimant(NAME, NONCE, tls_key=new_tls_key(ec.SECP384R1())).claim()) == "enrol.curve"


@pytest.mark.parametrize(
    "attributes",
    [
        [(NameOID.COMMON_NAME, "scale-0002")],
        [(NameOID.COMMON_NAME, NAME), (NameOID.ORGANIZATION_NAME, "Evil")],
        [(NameOID.ORGANIZATION_NAME, NAME)],
        [],
    ],
    ids=["another name", "an organisation beside it", "no common name", "empty"],
)
def test_a_request_for_another_subject_is_refused(attributes: list[tuple[x509.ObjectIdentifier, str]]) -> None:
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])
    assert refusal(Claimant(NAME, NONCE, subject=subject).claim()) == "enrol.subject"


@pytest.mark.parametrize(
    "extension",
    [
        x509.BasicConstraints(ca=True, path_length=None),
        x509.SubjectAlternativeName([x509.DNSName("gateway-01")]),
    ],
    ids=["CA flag", "alternative name"],
)
def test_a_request_that_asks_for_extensions_is_refused(extension: x509.ExtensionType) -> None:
    assert refusal(Claimant(NAME, NONCE, extension=extension).claim()) == "enrol.extensions"


def test_a_request_signed_by_another_key_is_refused() -> None:
    claimant = Claimant(NAME, NONCE)
    request = bytearray(claimant.request())
    request[-1] ^= 1
    assert refusal(claim_of(bytes(request), claimant.sealed())) == "enrol.request"


def test_one_key_for_both_uses_is_refused() -> None:
    tls_key = new_tls_key()
    secret = tls_key.private_numbers().private_value.to_bytes(32, "big")
    claimant = Claimant(NAME, NONCE, tls_key=tls_key, record_key=SigningKey(secret))
    assert refusal(claimant.claim()) == "enrol.same_key"


def test_a_proof_over_another_nonce_is_refused() -> None:
    assert refusal(Claimant(NAME, NONCE, proof_nonce=bytes(32)).claim()) == "enrol.nonce"


def test_a_proof_for_another_name_is_refused() -> None:
    assert refusal(Claimant(NAME, NONCE, proof_name="scale-0002").claim()) == "enrol.name"


def test_a_proof_about_another_tls_key_is_refused() -> None:
    assert refusal(Claimant(NAME, NONCE, proof=spki_of(new_tls_key())).claim()) == "enrol.tls_key"


def test_a_proof_that_names_a_key_it_was_not_sealed_with_is_refused() -> None:
    stranger = Claimant(NAME, NONCE).record_key.point
    assert refusal(Claimant(NAME, NONCE, proof_point=stranger).claim()) == "cose.kid"


def test_a_record_is_no_proof_because_its_purpose_differs() -> None:
    assert refusal(Claimant(NAME, NONCE, purpose=cose.RECORD).claim()) == "cose.signature"


def test_a_stored_statement_is_no_proof_of_possession() -> None:
    assert refusal(Claimant(NAME, NONCE, what=enrolment.STORED).claim()) == "enrol.statement"


def test_a_refusal_by_the_device_is_told_in_its_own_words() -> None:
    message = {enrolment.KIND: enrolment.REFUSED, enrolment.CODE: "enrol.enrolled", enrolment.DETAIL: "as scale-7"}
    with pytest.raises(Misuse, match="as scale-7"):
        claims.check(cbor.encode(message), NAME, NONCE)


@given(st.integers(min_value=0), st.integers(0, 7))
def test_a_claim_with_any_flipped_bit_is_refused_or_says_the_same(position: int, bit: int) -> None:
    """The same: X.509 has some free bits, such as the number of unused bits before an outer signature."""
    damaged = bytearray(HONEST)
    damaged[position % len(damaged)] ^= 1 << bit
    with contextlib.suppress(Rejected, Misuse):
        assert claims.check(bytes(damaged), NAME, NONCE) == claims.check(HONEST, NAME, NONCE)


@given(st.binary(max_size=300))
def test_any_bytes_at_all_are_refused_and_nothing_else(data: bytes) -> None:
    with pytest.raises((Rejected, Misuse)):
        claims.check(data, NAME, NONCE)


HONEST = Claimant(NAME, NONCE).claim()
