"""Found the authority: an offline root, a CA for clients, a CA for servers, a key for the registry.

Why four keys: the root signs three statements on one day and is then carried away; the Device CA can make nothing but
clients and the Server CA nothing but servers (RFC 5280 §4.2.1.12), so neither can stand in for the other; records are
judged by the registry, whose key the root vouches for and which no certificate can replace.

Everything is made in a directory beside the final one and renamed: a crash leaves no authority or a whole one.
"""

import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tracewire import cose
from tracewire.credential import Voucher
from tracewire.errors import Misuse
from tracewire.p256 import SigningKey, new_secret

from provisioning import durable, layout, publication
from provisioning.issuing import Authority
from provisioning.registry import History

ROOT_YEARS = 20
ISSUING_YEARS = 10
"""Also the voucher's: after it the root must be fetched once to sign new ones."""
BACKDATED = timedelta(days=1)
"""Authorities begin a day early, so that a device whose clock is a little behind still accepts what they issue."""

_ROOT_README = """\
THE ROOT KEY OF {organisation}

root_key.pem is the root's private key, encrypted under the passphrase you chose. Carry this directory away now:
copy it to two media kept in two safe places, then delete it here. Enrolling, revoking and publishing never need it.
You need it again, with the passphrase, only to replace an issuing CA or the registry key ({until} at the latest).
"""


@dataclass(frozen=True)
class _Issuer:
    """A certificate and the key that signs with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def init(directory: Path, organisation: str, passphrase: bytes, now: datetime) -> None:
    """Create the authority in ``directory``; on disk when this returns.

    Raises ``Misuse`` when something is there already, or when the passphrase or the organisation is empty.
    """
    if directory.exists():
        raise Misuse("ca.exists", f"{directory} exists already; an authority is never overwritten")
    if not passphrase:
        raise Misuse("ca.passphrase", "the root key needs a passphrase that is not empty")
    if not organisation.strip():
        raise Misuse("ca.organisation", "the authority needs the name of an organisation")
    staged = directory.with_name(directory.name + ".new")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    _fill(staged, organisation, passphrase, now)
    # Commit point. A crash before it leaves "DIR.new" without meaning; after it the authority is complete.
    staged.rename(directory)
    durable.sync_directory(directory.parent)


def _fill(directory: Path, organisation: str, passphrase: bytes, now: datetime) -> None:
    files = layout.Layout(directory)
    files.private.mkdir(mode=0o700)
    files.offline_root.mkdir(mode=0o700)
    root = _found_root(organisation, now)
    _keep_root(files, root, organisation, passphrase, now)
    for name, usage, certificate_path, key_path in (
        ("Device CA", ExtendedKeyUsageOID.CLIENT_AUTH, files.device_ca, files.device_ca_key),
        ("Server CA", ExtendedKeyUsageOID.SERVER_AUTH, files.server_ca, files.server_ca_key),
    ):
        issuer = _found_issuer(root, organisation, name, usage, now)
        # The root follows in the same file: OpenSSL wants a chain up to a self-signed certificate.
        durable.replace(certificate_path, _pem(issuer.certificate) + _pem(root.certificate))
        durable.replace(key_path, _key_pem(issuer.key, serialization.NoEncryption()), durable.PRIVATE)
    _found_registry(files, root, now)
    durable.replace(files.history, b"")
    history = History(files)
    history.found(now)
    publication.publish(history, Authority(files), now)


def _found_root(organisation: str, now: datetime) -> _Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(organisation, "Root")
    builder = _authority(subject, subject, key, path_length=1, now=now, years=ROOT_YEARS)
    return _Issuer(builder.sign(key, hashes.SHA256()), key)


def _found_issuer(root: _Issuer, organisation: str, name: str, usage: x509.ObjectIdentifier, now: datetime) -> _Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _authority(
        _subject(organisation, name), root.certificate.subject, key, path_length=0, now=now, years=ISSUING_YEARS
    )
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key()), critical=False
    )
    return _Issuer(builder.sign(root.key, hashes.SHA256()), key)


def _authority(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    path_length: int,
    now: datetime,
    years: int,
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=365 * years))
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _found_registry(files: layout.Layout, root: _Issuer, now: datetime) -> None:
    secret = new_secret(secrets.token_bytes)
    voucher = Voucher(
        SigningKey(secret).point,
        layout.milliseconds(now - BACKDATED),
        layout.milliseconds(now + timedelta(days=365 * ISSUING_YEARS)),
    )
    sealed = cose.seal(voucher.encode(), cose.VOUCHER, SigningKey(_secret(root.key)))
    durable.replace(files.registry_key, secret, durable.PRIVATE)
    durable.replace(files.voucher, sealed)


def _keep_root(files: layout.Layout, root: _Issuer, organisation: str, passphrase: bytes, now: datetime) -> None:
    encryption = serialization.BestAvailableEncryption(passphrase)
    durable.replace(files.offline_root / "root_key.pem", _key_pem(root.key, encryption), durable.PRIVATE)
    until = (now + timedelta(days=365 * ISSUING_YEARS)).date()
    text = _ROOT_README.format(organisation=organisation, until=until)
    durable.replace(files.offline_root / "README", text.encode())
    durable.replace(files.root_certificate, _pem(root.certificate))
    durable.replace(files.root_point, SigningKey(_secret(root.key)).point)


def _subject(organisation: str, name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def _secret(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_numbers().private_value.to_bytes(32, "big")


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey, encryption: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
