"""A device that can be made to claim wrongly, one field at a time; left alone, it claims correctly.

forged = Claimant(NAME, NONCE, proof_nonce=bytes(32)).claim()
"""

import secrets
from dataclasses import dataclass, field
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tracewire import cbor, cose, enrolment
from tracewire.p256 import SigningKey, new_secret


def new_tls_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def spki_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass
class Claimant:
    """Defaults are an honest claim for ``name`` under ``nonce``."""

    name: str
    nonce: bytes
    tls_key: ec.EllipticCurvePrivateKey = field(default_factory=new_tls_key)
    record_key: SigningKey = field(default_factory=lambda: SigningKey(new_secret(secrets.token_bytes)))
    subject: x509.Name | None = None
    extension: x509.ExtensionType | None = None
    what: int = enrolment.POSSESSION
    purpose: bytes = cose.PROOF
    proof_name: str | None = None
    proof_nonce: bytes | None = None
    proof: bytes | None = None
    proof_point: bytes | None = None
    first_seq: int = 1
    stored: bytes | None = None

    @classmethod
    def with_record_secret(cls, secret: bytes) -> Self:
        """A claimant of the name "farm-02" that brings a record key from elsewhere."""
        return cls("farm-02", bytes(32), record_key=SigningKey(secret))

    @classmethod
    def with_tls_secret(cls, secret: bytes) -> Self:
        """A claimant of the name "farm-02" that brings a TLS key from elsewhere."""
        return cls("farm-02", bytes(32), tls_key=ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1()))

    def answer(self, message: bytes) -> bytes:
        """Answer like a device; keeps nothing."""
        asked = enrolment.decode_message(message)
        if asked[enrolment.KIND] == enrolment.ASK:
            nonce = asked[enrolment.NONCE]
            assert isinstance(nonce, bytes)
            self.nonce = nonce
            return self.claim()
        files = asked[enrolment.FILES]
        assert isinstance(files, list)
        self.what, self.proof = enrolment.STORED, self.stored or enrolment.digest_of(files)
        return cbor.encode({enrolment.KIND: enrolment.INSTALLED, enrolment.SEALED: self.sealed()})

    def request(self) -> bytes:
        subject = self.subject
        if subject is None:
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        if self.extension is not None:
            builder = builder.add_extension(self.extension, critical=True)
        return builder.sign(self.tls_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def sealed(self) -> bytes:
        statement = enrolment.Statement(
            self.what,
            name=self.proof_name or self.name,
            point=self.proof_point or self.record_key.point,
            nonce=self.proof_nonce or self.nonce,
            proof=self.proof or spki_of(self.tls_key),
            first_seq=self.first_seq,
        )
        return cose.seal(statement.encode(), self.purpose, self.record_key)

    def claim(self) -> bytes:
        return claim_of(self.request(), self.sealed())


def claim_of(request: bytes, sealed: bytes) -> bytes:
    return cbor.encode({enrolment.KIND: enrolment.CLAIM, enrolment.REQUEST: request, enrolment.SEALED: sealed})
