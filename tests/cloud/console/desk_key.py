"""A console's directory as enrolment writes it, for a cloud under test; certificates are nobody's."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tracewire import p256

from simulators.node import Node
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market


def enrol(directory: Path, cloud: CloudUnderTest, market: Market) -> Path:
    """Make a console that the registry knows; return its directory."""
    directory.mkdir()
    secret = p256.new_secret(os.urandom)
    market.nodes.append(Node("console-01", "console", secret))
    cloud.publish_registry()
    (directory / "record.key").write_bytes(secret)
    for name in ("root.point", "registry.cose"):
        (directory / name).write_bytes((cloud.config.directory / name).read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "console-01")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    for file in ("client_cert.pem", "server_ca.pem"):
        (directory / file).write_bytes(pem)
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    (directory / "tls_key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return directory
