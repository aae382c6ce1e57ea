"""The device's side of an enrolment for a node on this machine: gateway, cloud, slaughter line, farm, terminal.

Why the same conversation as with a board: the authority then has one way of enrolling, sees only a request and a proof
in either case, and cannot come to depend on keys that lie beside it.

Keys are made in the node's directory. ``client_cert.pem`` is written last: its presence is what "enrolled" means.
"""

import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tracewire import cbor, cose, enrolment
from tracewire.errors import Misuse, Rejected, TracewireError
from tracewire.p256 import SigningKey, new_secret

from provisioning import durable
from provisioning.enrol import Grant

CLIENT_CERTIFICATE = "client_cert.pem"
SERVER_CERTIFICATE = "server_cert.pem"
_FILES = (CLIENT_CERTIFICATE, SERVER_CERTIFICATE)


def outfit(grant: Grant) -> list[list[object]]:
    """Return the certificates of a node; what everyone reads is copied beside them after the enrolment."""
    certificates = [(SERVER_CERTIFICATE, grant.server), (CLIENT_CERTIFICATE, grant.client)]
    return [
        [name, certificate.public_bytes(serialization.Encoding.PEM)]
        for name, certificate in certificates
        if certificate is not None
    ]


class HostNode:
    """A node's directory that answers the authority's messages; called once with ASK and once with INSTALL."""

    def __init__(self, directory: Path, first_seq: int = 1) -> None:
        self._directory = directory
        self._first_seq = first_seq
        self._record_secret = new_secret(secrets.token_bytes)
        self._record_key = SigningKey(self._record_secret)
        self._tls_key = ec.generate_private_key(ec.SECP256R1())
        self._name = ""
        self._nonce = b""

    def __call__(self, message: bytes) -> bytes:
        """Return the encoded answer; a refusal is an answer too."""
        try:
            request = enrolment.decode_message(message)
            if request[enrolment.KIND] == enrolment.ASK:
                return self._claim(request)
            return self._install(request.get(enrolment.FILES))
        except TracewireError as refusal:
            return cbor.encode(
                {
                    enrolment.KIND: enrolment.REFUSED,
                    enrolment.CODE: refusal.code,
                    enrolment.DETAIL: refusal.detail,
                }
            )

    def _claim(self, request: dict[int, object]) -> bytes:
        name, nonce = request[enrolment.NAME], request[enrolment.NONCE]
        assert isinstance(name, str) and isinstance(nonce, bytes)  # decode_message saw to it
        self._refuse_overwriting(name, request[enrolment.REPLACE])
        self._name, self._nonce = name, nonce
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(self._tls_key, hashes.SHA256())
        spki = self._tls_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return cbor.encode(
            {
                enrolment.KIND: enrolment.CLAIM,
                enrolment.REQUEST: csr.public_bytes(serialization.Encoding.DER),
                enrolment.SEALED: self._seal(enrolment.POSSESSION, spki),
            }
        )

    def _refuse_overwriting(self, name: str, replace: object) -> None:
        path = self._directory / CLIENT_CERTIFICATE
        if not path.exists() or replace == enrolment.REPLACE_ANY:
            return
        present = _common_name(path)
        if replace != enrolment.REPLACE_UNFINISHED or present != name:
            raise Misuse("enrol.enrolled", f"{self._directory} is already enrolled as {present}")

    def _seal(self, what: int, proof: bytes) -> bytes:
        statement = enrolment.Statement(
            what,
            name=self._name,
            point=self._record_key.point,
            nonce=self._nonce,
            proof=proof,
            first_seq=self._first_seq,
        )
        return cose.seal(statement.encode(), cose.PROOF, self._record_key)

    def _install(self, files: object) -> bytes:
        if not self._name or not isinstance(files, list):
            raise Rejected("enrol.order", "INSTALL came before ASK")
        contents: dict[str, bytes] = {str(name): bytes(data) for name, data in files}
        if CLIENT_CERTIFICATE not in contents or not set(contents) <= set(_FILES):
            raise Rejected("enrol.files", "the authority sent other files than a node keeps")
        self._keep(contents)
        proof = enrolment.digest_of(files)
        return cbor.encode({enrolment.KIND: enrolment.INSTALLED, enrolment.SEALED: self._seal(enrolment.STORED, proof)})

    def _keep(self, contents: dict[str, bytes]) -> None:
        """Write everything; on disk when this returns."""
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / CLIENT_CERTIFICATE).unlink(missing_ok=True)
        # A crash from here on: not enrolled, keys of no use to anyone; the next run overwrites them.
        durable.replace(self._directory / "record.key", self._record_secret, durable.PRIVATE)
        durable.replace(self._directory / "tls_key.pem", self._tls_key_pem(), durable.PRIVATE)
        if SERVER_CERTIFICATE in contents:
            durable.replace(self._directory / SERVER_CERTIFICATE, contents[SERVER_CERTIFICATE])
        durable.replace(self._directory / CLIENT_CERTIFICATE, contents[CLIENT_CERTIFICATE])
        # Commit point. A crash from here on: enrolled, but unconfirmed; the authority may replace this run.

    def _tls_key_pem(self) -> bytes:
        return self._tls_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def _common_name(path: Path) -> str:
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
