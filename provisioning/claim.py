"""Check what a device claims: that the request is sound, that both keys are its own, that it answered us, just now.

No I/O and no state: whether a key was enrolled before is asked of the history, in ``provisioning/enrol.py``. Whatever
is wrong comes out as ``Rejected("enrol.…")``; nothing was issued then and the device has stored nothing.
"""

from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tracewire import cose, enrolment, p256
from tracewire.enrolment import Statement
from tracewire.errors import Misuse, Rejected

from provisioning.registry import key_id_of


@dataclass(frozen=True)
class Claim:
    """What remains of a claim after every check: the two public keys and where the record chain begins."""

    point: bytes
    tls_key: ec.EllipticCurvePublicKey
    tls_key_id: str
    first_seq: int


def check(message: bytes, name: str, nonce: bytes) -> Claim:
    """Return the claim of the device that we call ``name`` and asked with ``nonce``.

    1. The message is a CLAIM; a refusal by the device is raised as ``Misuse`` in the device's words.
    2. The certificate request is PKCS#10, and its own signature holds: the device has the private key of T.
    3. T is a P-256 key.
    4. The subject is the assigned name and nothing else.
    5. It asks for no extension: what a certificate may do is not the applicant's to say.
    6. The statement is sealed by the record key R that it names, for the purpose PROOF.
    7. It says "these keys are mine", for this name, with our nonce: it is no recording.
    8. It names the T of the request: the two keys belong to one device.
    9. R is not T: a record signature and a handshake signature must never be exchangeable.
    """
    claim = answer(message, enrolment.CLAIM)
    request = _request(claim[enrolment.REQUEST])  # 2
    key = request.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):  # 3
        raise Rejected("enrol.curve", "the TLS key is not a P-256 key")
    _check_subject(request, name)  # 4
    if len(request.attributes) or len(request.extensions):  # 5
        raise Rejected("enrol.extensions", "the certificate request asks for extensions; it must not")
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    said = statement(claim[enrolment.SEALED], enrolment.POSSESSION, name, nonce)  # 6, 7
    if said.proof != spki:  # 8
        raise Rejected("enrol.tls_key", "the record key vouches for another TLS key than the request has")
    if p256.spki(said.point) == spki:  # 9
        raise Rejected("enrol.same_key", "record key and TLS key are the same; they must differ")
    return Claim(said.point, key, key_id_of(spki), said.first_seq)


def check_stored(message: bytes, claim: Claim, name: str, nonce: bytes, files: list[list[object]]) -> None:
    """Check the device's word that exactly ``files`` are on its flash, sealed by the key that it claimed."""
    said = statement(answer(message, enrolment.INSTALLED)[enrolment.SEALED], enrolment.STORED, name, nonce)
    if said.point != claim.point:
        raise Rejected("enrol.statement", "another key confirmed than the one that was enrolled")
    if said.proof != enrolment.digest_of(files):
        raise Rejected("enrol.stored", "the device stored other files than were sent")


def answer(message: bytes, expected: int) -> dict[int, object]:
    """Return an answer of the expected kind; a refusal becomes ``Misuse`` with the device's own code and detail."""
    fields = enrolment.decode_message(message)
    if fields[enrolment.KIND] == enrolment.REFUSED:
        raise Misuse(str(fields[enrolment.CODE]), f"the device refuses: {fields[enrolment.DETAIL]}")
    if fields[enrolment.KIND] != expected:
        raise Rejected("enrol.order", "the device answered out of turn")
    return fields


def statement(sealed: object, what: int, name: str, nonce: bytes) -> Statement:
    """Return a statement whose seal holds under the very key it names, made by ``name`` for this run."""
    if not isinstance(sealed, bytes):
        raise Rejected("enrol.statement", "a statement is bytes")
    said = enrolment.decode_statement(cose.parse(sealed).payload)
    cose.open(sealed, cose.PROOF, p256.VerifyingKey(said.point))
    if said.what != what:
        raise Rejected("enrol.statement", "the device sealed another statement than was asked for")
    if said.name != name:
        raise Rejected("enrol.name", f"the statement is about {said.name!r}, not {name!r}")
    if said.nonce != nonce:
        raise Rejected("enrol.nonce", "the statement answers another question; it may be a recording")
    if said.first_seq < 1:
        raise Rejected("enrol.statement", "record numbers begin at 1")
    return said


def _request(der: object) -> x509.CertificateSigningRequest:
    try:
        request = x509.load_der_x509_csr(der if isinstance(der, bytes) else b"")
        is_sound = request.is_signature_valid and isinstance(request.signature_hash_algorithm, hashes.SHA256)
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as problem:
        raise Rejected("enrol.request", "the certificate request cannot be read") from problem
    if not is_sound:
        raise Rejected("enrol.request", "the certificate request is not signed by its own key with SHA-256")
    return request


def _check_subject(request: x509.CertificateSigningRequest, name: str) -> None:
    attributes = list(request.subject)
    if len(attributes) != 1 or attributes[0].oid != NameOID.COMMON_NAME or attributes[0].value != name:
        found = request.subject.rfc4514_string()
        raise Rejected("enrol.subject", f"the request names {found!r}; assigned is {name!r}")
