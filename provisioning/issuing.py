"""Issue what the authority signs every day: client and server certificates, the revocation list, the registry.

Why so little goes into a certificate: it only opens a connection. Who may seal which records stands in the registry.
Nothing is copied from a request but its public key; every extension is decided here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tracewire.credential import Registry, seal_bundle
from tracewire.errors import Misuse
from tracewire.p256 import SigningKey

from provisioning.layout import Layout, milliseconds

CLIENT_DAYS = 90
"""A lost key closes by itself within a season; renewal is due at two thirds."""
BACKDATED = timedelta(hours=1)
"""Certificates begin an hour early: a board's clock may be behind ours when it first connects."""
CRL_DAYS = 90
"""Brokers refuse every device once their list has expired, so it lives as long as a certificate."""
LOOPBACK = ip_address("127.0.0.1")


@dataclass(frozen=True)
class Revoked:
    """One line of the revocation list: a certificate's serial number and since when it is not to be accepted."""

    serial: int
    at: datetime


class Authority:
    """The keys at work: Device CA, Server CA, registry key. The root is not among them."""

    def __init__(self, files: Layout) -> None:
        self._device_ca = x509.load_pem_x509_certificate(files.device_ca.read_bytes())
        self._server_ca = x509.load_pem_x509_certificate(files.server_ca.read_bytes())
        self._device_ca_key = _load_key(files.device_ca_key.read_bytes())
        self._server_ca_key = _load_key(files.server_ca_key.read_bytes())
        self._registry_key = SigningKey(files.registry_key.read_bytes())
        self._voucher = files.voucher.read_bytes()

    @property
    def server_ca_der(self) -> bytes:
        """The certificate that a device trusts for its gateway."""
        return self._server_ca.public_bytes(serialization.Encoding.DER)

    def issue_client(
        self, name: str, key: ec.EllipticCurvePublicKey, now: datetime, days: int = CLIENT_DAYS
    ) -> x509.Certificate:
        """Return a certificate that lets ``name`` open connections, and nothing else."""
        builder = _leaf(name, self._device_ca, key, now, days).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        return builder.sign(self._device_ca_key, hashes.SHA256())

    def issue_server(
        self, name: str, hosts: Iterable[str], key: ec.EllipticCurvePublicKey, now: datetime, days: int = CLIENT_DAYS
    ) -> x509.Certificate:
        """Return a certificate for a server reached as ``name``, as one of ``hosts`` or on this machine."""
        builder = (
            _leaf(name, self._server_ca, key, now, days)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(_alternative_names(name, hosts)), critical=False)
        )
        return builder.sign(self._server_ca_key, hashes.SHA256())

    def sign_crl(self, revoked: Iterable[Revoked], now: datetime) -> bytes:
        """Return the Device CA's revocation list in PEM, numbered by its time of issue (RFC 5280 §5.2.3)."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._device_ca.subject)
            .last_update(now - BACKDATED)
            .next_update(now + timedelta(days=CRL_DAYS))
            .add_extension(x509.CRLNumber(milliseconds(now)), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._device_ca_key.public_key()), critical=False
            )
        )
        for entry in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(entry.serial).revocation_date(entry.at).build()
            )
        return builder.sign(self._device_ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def sign_registry(self, registry: Registry) -> bytes:
        """Return the bundle [voucher, registry, head] that gateway and cloud open with the root's point."""
        return seal_bundle(registry, self._registry_key, self._voucher)


def _leaf(
    name: str, issuer: x509.Certificate, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    if days <= 0:
        raise Misuse("issuing.days", "a certificate must be valid for at least one day")
    issuer_key = issuer.public_key()
    assert isinstance(issuer_key, ec.EllipticCurvePublicKey)  # founded by ca.init
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _alternative_names(name: str, hosts: Iterable[str]) -> list[x509.GeneralName]:
    """Addresses become iPAddress, everything else dNSName; the node's own name and loopback are always there."""
    names: list[x509.GeneralName] = [x509.DNSName(name), x509.IPAddress(LOOPBACK)]
    for host in hosts:
        entry = _general_name(host)
        if entry not in names:
            names.append(entry)
    return names


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        try:
            return x509.DNSName(host)
        except ValueError as problem:
            raise Misuse("issuing.host", f"{host!r} is neither an address nor a host name in ASCII") from problem


def _load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Misuse("issuing.key", "an issuing key is not an elliptic-curve key")
    return key
