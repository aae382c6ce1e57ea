"""Certificates as OpenSSL sees them: who gets in, and who does not."""

import shutil
import ssl
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from tracewire.errors import Misuse

from provisioning import ca, host_node, publication, revocation
from provisioning.enrol import Order, enrol
from tests.provisioning import handshake
from tests.provisioning.conftest import PASSPHRASE


@pytest.fixture
def site(authority: Path, tmp_path: Path, now: datetime) -> Path:
    """A directory with the nodes "gateway-01" and "farm-01"."""
    order = Order("gateway-01", "gateway", hosts=("192.168.1.10", "gate.example"))
    enrol_node(authority, order, tmp_path / "gateway-01", now)
    enrol_node(authority, Order("farm-01", "farm"), tmp_path / "farm-01", now)
    return tmp_path


def enrol_node(authority: Path, order: Order, directory: Path, now: datetime) -> None:
    enrol(authority, order, host_node.HostNode(directory), host_node.outfit, now)


def gateway(site: Path, *, crl: Path | None = None) -> ssl.SSLContext:
    return handshake.server(site / "gateway-01", site / "CA" / "device_ca.pem", crl=crl)


def node(site: Path, name: str = "farm-01", certificate: str = "client_cert.pem") -> ssl.SSLContext:
    return handshake.client(site / "CA" / "server_ca.pem", site / name / certificate, site / name / "tls_key.pem")


@pytest.mark.parametrize("host", ["gateway-01", "192.168.1.10", "gate.example", "127.0.0.1"])
def test_an_enrolled_node_gets_in_under_its_name_by_every_name_of_the_gateway(site: Path, host: str) -> None:
    assert handshake.shake(gateway(site, crl=site / "CA" / "crl.pem"), node(site), host) == "farm-01"


def test_a_gateway_is_refused_under_a_name_it_was_not_given(site: Path) -> None:
    with pytest.raises(ssl.SSLError, match="Hostname mismatch"):
        handshake.shake(gateway(site), node(site), "bank.example")


def test_a_server_certificate_opens_no_client_connection(site: Path) -> None:
    with pytest.raises(ssl.SSLError):
        handshake.shake(gateway(site), node(site, "gateway-01", "server_cert.pem"), "gateway-01")


def test_a_client_certificate_makes_no_server(site: Path) -> None:
    shutil.copy(site / "farm-01" / "client_cert.pem", site / "farm-01" / "server_cert.pem")
    posing = handshake.server(site / "farm-01", site / "CA" / "device_ca.pem")
    with pytest.raises(ssl.SSLError, match="certificate verify failed"):
        handshake.shake(posing, node(site), "farm-01")


def test_an_expired_certificate_is_refused(site: Path, now: datetime) -> None:
    enrol_node(site / "CA", Order("farm-02", "farm"), site / "farm-02", now - timedelta(days=91))
    with pytest.raises(ssl.SSLError):
        handshake.shake(gateway(site), node(site, "farm-02"), "gateway-01")


def test_a_node_of_a_rogue_authority_with_the_same_names_is_refused(site: Path, now: datetime) -> None:
    ca.init(site / "rogue", "厦门第八市场", PASSPHRASE, now)
    enrol_node(site / "rogue", Order("farm-01", "farm"), site / "impostor", now)
    with pytest.raises(ssl.SSLError):
        handshake.shake(gateway(site), node(site, "impostor"), "gateway-01")


def test_a_revoked_node_is_refused_and_its_neighbour_is_not(site: Path, now: datetime) -> None:
    enrol_node(site / "CA", Order("farm-02", "farm"), site / "farm-02", now)
    revocation.revoke(site / "CA", "farm-01", 1, "stolen", now)
    checking = gateway(site, crl=site / "CA" / "crl.pem")
    with pytest.raises(ssl.SSLError):
        handshake.shake(checking, node(site), "gateway-01")
    assert handshake.shake(checking, node(site, "farm-02"), "gateway-01") == "farm-02"


def test_a_certificate_is_good_for_a_board_whose_clock_is_half_an_hour_behind(site: Path, now: datetime) -> None:
    certificate = x509.load_pem_x509_certificate((site / "farm-01" / "client_cert.pem").read_bytes())
    assert certificate.not_valid_before_utc < now - timedelta(minutes=30)
    assert certificate.not_valid_after_utc - now < timedelta(days=91)


def test_a_name_that_no_certificate_can_carry_is_refused(authority: Path, tmp_path: Path, now: datetime) -> None:
    with pytest.raises(Misuse, match="neither an address nor a host name"):
        enrol_node(authority, Order("gateway-01", "gateway", hosts=("网关",)), tmp_path / "gateway", now)


def test_an_export_renews_the_term_of_the_revocation_list(site: Path, now: datetime) -> None:
    later = now + timedelta(days=60)
    publication.export(site / "CA", site / "public", later)
    crl = x509.load_pem_x509_crl((site / "public" / "crl.pem").read_bytes())
    assert crl.next_update_utc is not None
    assert crl.next_update_utc > later + timedelta(days=80)
