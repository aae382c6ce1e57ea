"""Who gets in: mutual TLS, and the certificate's name decides."""

import contextlib
import socket

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.edge.authority import Authority
from tests.edge.site import ROOT, Site
from tests.interpreters import run_micropython

DER = serialization.Encoding.DER
TRADITIONAL = serialization.PrivateFormat.TraditionalOpenSSL


def test_a_device_connects_with_its_certificate_under_tls_1_2(site: Site) -> None:
    with site.link("scale-0001") as link:
        link.say(site.seal("scale-0001"))
        assert link.next_receipt().seq_to == 1


def test_micropythons_own_tls_is_let_in(site: Site) -> None:
    directory = site.directory / "scale-0002"
    key = serialization.load_pem_private_key((directory / "tls_key.pem").read_bytes(), None)
    (directory / "tls_key.der").write_bytes(key.private_bytes(DER, TRADITIONAL, serialization.NoEncryption()))
    for pem, der in (("client_cert.pem", "tls_cert.der"), ("server_ca.pem", "server_ca.der")):
        certificate = x509.load_pem_x509_certificate((directory / pem).read_bytes())
        (directory / der).write_bytes(certificate.public_bytes(DER))
    knock = str(ROOT / "tests/edge/knock.py")
    said = run_micropython(knock, "127.0.0.1", str(site.mqtt_port), "scale-0002", str(directory))
    assert said.stdout.strip() == "20020000", said.stderr


def test_a_connection_without_a_certificate_is_refused(site: Site) -> None:
    (site.directory / "nobody").mkdir(exist_ok=True)
    site.authority.write_public(site.directory / "nobody")
    link = site.link("nobody").connect()
    assert link.code is None
    assert link.ended.wait(10)


def test_an_expired_certificate_is_refused(site: Site) -> None:
    site.issue("scale-0011", is_expired=True)
    assert site.link("scale-0011").connect().code is None


def test_a_certificate_of_the_future_is_refused(site: Site) -> None:
    site.issue("scale-0011", is_future=True)
    assert site.link("scale-0011").connect().code is None


def test_a_certificate_of_a_rogue_authority_with_the_same_name_is_refused(site: Site) -> None:
    Authority().devices.issue("scale-0012", site.directory / "scale-0012", "client_cert.pem")
    assert site.link("scale-0012").connect().code is None


def test_a_server_certificate_is_refused_as_a_client(site: Site) -> None:
    site.authority.servers.issue("scale-0013", site.directory / "scale-0013", "client_cert.pem")
    assert site.link("scale-0013").connect().code is None


def test_a_device_that_is_revoked_in_the_registry_is_kept_out(site: Site) -> None:
    assert site.link("scale-gone").connect().is_kept_out()


def test_a_quarantined_device_is_heard_because_its_records_are_evidence(site: Site) -> None:
    with site.link("scale-odd") as link:
        link.say(site.seal("scale-odd"))
        assert link.next_receipt().seq_to == 1


def test_a_certificate_without_a_registry_entry_is_kept_out(site: Site) -> None:
    site.issue("scale-9999")
    assert site.link("scale-9999").connect().is_kept_out()


def test_a_cloud_has_no_business_at_the_broker(site: Site) -> None:
    assert site.link("cloud-01").connect().is_kept_out()


def test_there_is_no_plain_listener(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.mqtt_port)) as plain:
        plain.settimeout(10)
        plain.sendall(b"\x10\x16\x00\x04MQTT\x04\x02\x00\x3c\x00\x0ascale-0001")
        with contextlib.suppress(ConnectionError):  # a broker may hang up hard
            assert plain.recv(16)[:1] != b"\x20"  # a TLS alert or nothing, never a CONNACK
