"""A throw-away certificate authority with the defects a test needs: expired, revoked, made by somebody else.

authority = Authority()
authority.issue("scale-0001", directory)              # tls_key.pem, client_cert.pem
authority.revoke(certificate); authority.write_public(directory)
"""

import datetime
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


class Root:
    """A self-signed root, which stands behind both issuers as the real one does."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = _authority_certificate("Test Root", self.key, self.key, _named("Test Root"))


class Issuer:
    """One CA under the root, and its revocation list."""

    def __init__(self, name: str, usage: x509.ObjectIdentifier, root: Root) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._usage = usage
        self._revoked: list[int] = []
        self._updates = 0
        self.list_days = 30
        """How long the next revocation list is good for."""
        self.certificate = _authority_certificate(name, self._key, root.key, root.certificate.subject)

    def issue(
        self, name: str, directory: Path, file_name: str, *, is_expired: bool = False, is_future: bool = False
    ) -> x509.Certificate:
        """Write a certificate for the TLS key in ``directory`` (made if absent) and return it."""
        key = _tls_key(directory / "tls_key.pem")
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + DAY if is_future else now - 2 * DAY)
            .not_valid_after(now - DAY if is_expired else now + 2 * DAY)
            .add_extension(x509.ExtendedKeyUsage([self._usage]), critical=False)
            .add_extension(
                x509.SubjectAlternativeName(
                    [x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
                ),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        (directory / file_name).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return certificate

    def revoke(self, certificate: x509.Certificate) -> None:
        """Put a certificate on the next list."""
        self._revoked.append(certificate.serial_number)

    def revocation_list(self) -> bytes:
        """Return the current list as PEM; each call is a newer one."""
        self._updates += 1
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now - DAY + datetime.timedelta(seconds=self._updates))
            .next_update(now + self.list_days * DAY)
        )
        for serial in self._revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - DAY).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Authority:
    """The root, the Device CA and the Server CA of one site."""

    def __init__(self) -> None:
        self.root = Root()
        self.devices = Issuer("Test Device CA", ExtendedKeyUsageOID.CLIENT_AUTH, self.root)
        self.servers = Issuer("Test Server CA", ExtendedKeyUsageOID.SERVER_AUTH, self.root)

    def write_public(self, directory: Path) -> None:
        """Write both chains and the revocation list into a node's directory, as `chengxin ca export` does."""
        pem = serialization.Encoding.PEM
        root = self.root.certificate.public_bytes(pem)
        (directory / "device_ca.pem").write_bytes(self.devices.certificate.public_bytes(pem) + root)
        (directory / "server_ca.pem").write_bytes(self.servers.certificate.public_bytes(pem) + root)
        (directory / "crl.pem").write_bytes(self.devices.revocation_list())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _authority_certificate(
    name: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, issuer: x509.Name
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + 30 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )


def _tls_key(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.exists():
        key = serialization.load_pem_private_key(path.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key
    path.parent.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return key
