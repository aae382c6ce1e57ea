"""The founding of an authority: what each key may do, and that the root is needed only once."""

import stat
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from tracewire.credential import open_bundle
from tracewire.errors import Misuse
from tracewire.p256 import VerifyingKey

from provisioning import ca, host_node, layout, publication, revocation
from provisioning.enrol import Order, enrol
from tests.provisioning.conftest import PASSPHRASE


def certificates(path: Path) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(path.read_bytes())


def test_the_root_key_opens_with_its_passphrase_only(authority: Path) -> None:
    pem = (authority / "offline-root" / "root_key.pem").read_bytes()
    assert b"ENCRYPTED" in pem
    with pytest.raises(ValueError, match="password"):
        serialization.load_pem_private_key(pem, b"guessed")
    key = serialization.load_pem_private_key(pem, PASSPHRASE)
    (root,) = certificates(authority / "root_cert.pem")
    assert key.public_key() == root.public_key()


def test_an_empty_passphrase_is_refused_and_leaves_nothing(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(Misuse, match="passphrase"):
        ca.init(tmp_path / "CA", "Market", b"", now)
    assert not list(tmp_path.iterdir())


def test_an_authority_is_never_overwritten(authority: Path, now: datetime) -> None:
    before = (authority / "root.point").read_bytes()
    with pytest.raises(Misuse, match="never overwritten"):
        ca.init(authority, "Market", PASSPHRASE, now)
    assert (authority / "root.point").read_bytes() == before


def test_a_founding_cut_short_is_begun_anew(tmp_path: Path, now: datetime) -> None:
    half_made = tmp_path / "CA.new" / "private"
    half_made.mkdir(parents=True)
    (half_made / "registry.key").write_bytes(b"half")
    ca.init(tmp_path / "CA", "Market", PASSPHRASE, now)
    assert len((tmp_path / "CA" / "private" / "registry.key").read_bytes()) == 32


@pytest.mark.parametrize(
    ("file", "usage"),
    [("device_ca.pem", ExtendedKeyUsageOID.CLIENT_AUTH), ("server_ca.pem", ExtendedKeyUsageOID.SERVER_AUTH)],
)
def test_an_issuing_ca_is_bound_to_one_use_and_issues_no_further_ca(
    authority: Path, file: str, usage: x509.ObjectIdentifier
) -> None:
    issuer, root = certificates(authority / file)
    issuer.verify_directly_issued_by(root)
    constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    assert issuer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value == x509.ExtendedKeyUsage([usage])
    root_constraints = root.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert root_constraints == x509.BasicConstraints(ca=True, path_length=1)


def test_private_keys_are_readable_by_their_owner_only(authority: Path) -> None:
    for name in ("device_ca_key.pem", "server_ca_key.pem", "registry.key"):
        assert stat.S_IMODE((authority / "private" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((authority / "offline-root" / "root_key.pem").stat().st_mode) == 0o600


def test_the_first_registry_is_empty_and_has_serial_one(authority: Path, now: datetime) -> None:
    root = VerifyingKey((authority / "root.point").read_bytes())
    registry = open_bundle((authority / "registry.cose").read_bytes(), root, layout.milliseconds(now))
    assert (registry.serial, registry.credentials) == (1, ())


def test_the_root_point_is_the_key_of_the_root_certificate(authority: Path) -> None:
    (root,) = certificates(authority / "root_cert.pem")
    point = root.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    assert (authority / "root.point").read_bytes() == point


def test_everything_but_the_founding_works_without_the_root(authority: Path, tmp_path: Path, now: datetime) -> None:
    for file in (authority / "offline-root").iterdir():
        file.unlink()
    (authority / "offline-root").rmdir()
    enrol(authority, Order("farm-01", "farm"), host_node.HostNode(tmp_path / "farm"), host_node.outfit, now)
    revocation.revoke(authority, "farm-01", 1, "closed", now)
    registry = publication.export(authority, tmp_path / "public", now)
    assert registry.serial == 3
    assert {path.name for path in (tmp_path / "public").iterdir()} == set(layout.PUBLIC_FILES)
