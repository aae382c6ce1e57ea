"""A revoked device: which of its records still count, and that its certificate is on the list."""

from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from tracewire.credential import Registry, open_bundle
from tracewire.errors import Misuse
from tracewire.p256 import VerifyingKey

from provisioning import host_node, layout, revocation
from provisioning.enrol import Order, enrol
from provisioning.registry import Entry


@pytest.fixture
def farm(authority: Path, now: datetime) -> Entry:
    node = host_node.HostNode(authority.parent / "farm")
    return enrol(authority, Order("farm-01", "farm"), node, host_node.outfit, now)


def published(authority: Path, now: datetime) -> Registry:
    root = VerifyingKey((authority / "root.point").read_bytes())
    return open_bundle((authority / "registry.cose").read_bytes(), root, layout.milliseconds(now))


def test_records_before_the_given_number_keep_their_meaning(authority: Path, farm: Entry, now: datetime) -> None:
    revocation.revoke(authority, "farm-01", 5, "stolen", now)
    credential = published(authority, now).find(farm.kid)
    assert (credential.state, credential.may_seal(4), credential.may_seal(5)) == ("revoked", True, False)


def test_a_device_revoked_from_its_first_record_is_revoked_outright(
    authority: Path, farm: Entry, now: datetime
) -> None:
    revocation.revoke(authority, "farm-01", 1, "never delivered", now)
    assert not published(authority, now).find(farm.kid).may_seal(1)


def test_its_certificate_is_on_the_list_of_the_device_ca(authority: Path, farm: Entry, now: datetime) -> None:
    revocation.revoke(authority, "farm-01", 5, "stolen", now)
    crl = x509.load_pem_x509_crl((authority / "crl.pem").read_bytes())
    issuer = x509.load_pem_x509_certificate((authority / "device_ca.pem").read_bytes())
    key = issuer.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert crl.is_signature_valid(key)
    assert crl.get_revoked_certificate_by_serial_number(farm.certificates[0]) is not None


def test_the_reason_stands_in_the_history(authority: Path, farm: Entry, now: datetime) -> None:
    revocation.revoke(authority, "farm-01", 5, "于5月3日被盗", now)
    assert "于5月3日被盗" in (authority / "history.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "from_seq", "reason"),
    [("farm-99", 1, "stolen"), ("farm-01", 0, "stolen"), ("farm-01", 1, " ")],
    ids=["unknown name", "no such record", "no reason"],
)
def test_a_revocation_that_makes_no_sense_changes_nothing(
    authority: Path, farm: Entry, now: datetime, name: str, from_seq: int, reason: str
) -> None:
    with pytest.raises(Misuse):
        revocation.revoke(authority, name, from_seq, reason, now)
    assert published(authority, now).serial == 2


def test_a_device_is_revoked_once(authority: Path, farm: Entry, now: datetime) -> None:
    revocation.revoke(authority, "farm-01", 5, "stolen", now)
    with pytest.raises(Misuse, match="revoked already"):
        revocation.revoke(authority, "farm-01", 3, "stolen", now)


def test_a_revoked_name_is_enrolled_anew_only_on_purpose(authority: Path, farm: Entry, now: datetime) -> None:
    revocation.revoke(authority, "farm-01", 5, "stolen", now)
    node = host_node.HostNode(authority.parent / "replacement")
    with pytest.raises(Misuse, match="--re-enrol"):
        enrol(authority, Order("farm-01", "farm"), node, host_node.outfit, now)
    successor = enrol(authority, Order("farm-01", "farm", is_again=True), node, host_node.outfit, now)
    registry = published(authority, now)
    assert registry.find(farm.kid).state == "revoked"
    assert registry.current("farm-01").kid == successor.kid
