"""Who gets in and what they may say: real certificates, real sockets, the real gateway process."""

import contextlib
import queue
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from tracewire import topics

from tests.edge.authority import Authority
from tests.edge.device_link import device_context
from tests.edge.site import ROOT, Site
from tests.interpreters import run_micropython

DER = serialization.Encoding.DER
TRADITIONAL = serialization.PrivateFormat.TraditionalOpenSSL
NAMES = [f"scale-{number:04}" for number in range(1, 21)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running gateway for the whole file; every test uses devices of its own."""
    devices = dict.fromkeys(NAMES, "active") | {"scale-gone": "revoked", "scale-odd": "quarantined"}
    made = Site(tmp_path_factory.mktemp("broker"), devices)
    with made.gateway():
        yield made


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


def test_a_publish_on_a_foreign_topic_is_dropped_and_kept_as_evidence(site: Site) -> None:
    stolen = site.seal("scale-0003")
    with site.link("scale-0002") as link:
        link.say(b"noise", topics.up("scale-0003"))
        link.say(stolen, topics.up("scale-0003"))
        site.wait(lambda: len(site.quarantined("scale-0002")) == 2)
    assert site.quarantined("scale-0002") == ["access.publish", "access.publish"]
    assert site.rows("SELECT sealed FROM outbox WHERE device = 'scale-0003'") == [(stolen,)]
    assert site.rows("SELECT seq FROM history WHERE device = 'scale-0003'") == []


def test_a_device_may_not_speak_as_the_gateway(site: Site) -> None:
    with site.link("scale-0004") as victim, site.link("scale-0005") as forger:
        forger.say(b"a receipt, believe me", topics.down("scale-0004"))
        site.wait(lambda: site.quarantined("scale-0005"))
        with pytest.raises(queue.Empty):
            victim.next_message(0.2)


@pytest.mark.parametrize("topic", [topics.down("scale-0003"), "cx/1/+/down", "#", "cx/#", topics.EVERY_DEVICE_UP])
def test_a_foreign_subscription_is_refused(site: Site, topic: str) -> None:
    with site.link("scale-0006") as link:
        assert not link.listen(topic)


def test_nobody_is_thrown_off_by_a_foreign_client_id(site: Site) -> None:
    with site.link("scale-0007") as victim:
        attacker = site.link("scale-0008", client_id="scale-0007").connect()
        assert attacker.code == "Client identifier not valid"
        attacker.close()
        victim.say(site.seal("scale-0007"))
        assert victim.next_receipt().seq_to == 1
        assert not victim.ended.is_set()


def test_a_lasting_session_cannot_inherit_anothers(site: Site) -> None:
    with site.link("scale-0007"):
        attacker = site.link("scale-0008", client_id="scale-0007", is_clean=False).connect()
        assert attacker.code == "Client identifier not valid"
        attacker.close()
    own = site.link("scale-0008", is_clean=False).connect()
    assert own.code == "Not authorized"
    own.close()


def test_the_newest_connection_of_a_name_replaces_the_older(site: Site) -> None:
    with site.link("scale-0009") as first, site.link("scale-0009") as second:
        assert first.ended.wait(10)
        second.say(site.seal("scale-0009"))
        assert second.next_receipt().seq_to == 1


def test_a_last_will_is_refused(site: Site) -> None:
    link = site.link("scale-0010")
    link.client.will_set(topics.down("scale-0003"), b"from the grave", qos=1)
    assert link.connect().code == "Not authorized"
    link.close()


def test_a_connection_without_a_certificate_is_refused(site: Site) -> None:
    (site.directory / "nobody").mkdir(exist_ok=True)
    site.authority.write_public(site.directory / "nobody")
    link = site.link("nobody").connect()
    assert link.code is None
    assert link.ended.wait(10)


def test_an_expired_certificate_is_refused(site: Site) -> None:
    site.issue("scale-0011", is_expired=True)
    assert site.link("scale-0011").connect().code is None


def test_a_certificate_of_a_rogue_authority_with_the_same_name_is_refused(site: Site) -> None:
    Authority().devices.issue("scale-0012", site.directory / "scale-0012", "client_cert.pem")
    assert site.link("scale-0012").connect().code is None


def test_a_server_certificate_is_refused_as_a_client(site: Site) -> None:
    site.authority.servers.issue("scale-0013", site.directory / "scale-0013", "client_cert.pem")
    assert site.link("scale-0013").connect().code is None


def test_a_device_that_is_revoked_in_the_registry_is_refused(site: Site) -> None:
    assert site.link("scale-gone").connect().code == "Not authorized"


def test_a_quarantined_device_is_heard_because_its_records_are_evidence(site: Site) -> None:
    with site.link("scale-odd") as link:
        link.say(site.seal("scale-odd"))
        assert link.next_receipt().seq_to == 1


def test_a_certificate_without_a_registry_entry_is_refused(site: Site) -> None:
    site.issue("scale-9999")
    assert site.link("scale-9999").connect().code == "Not authorized"


def test_a_cloud_has_no_business_at_the_broker(site: Site) -> None:
    assert site.link("cloud-01").connect().code == "Not authorized"


def test_there_is_no_plain_listener(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.mqtt_port)) as plain:
        plain.settimeout(10)
        plain.sendall(b"\x10\x16\x00\x04MQTT\x04\x02\x00\x3c\x00\x0ascale-0001")
        with contextlib.suppress(ConnectionError):  # a broker may hang up hard
            assert plain.recv(16)[:1] != b"\x20"  # a TLS alert or nothing, never a CONNACK


def test_a_revocation_list_ends_an_open_session_and_refuses_the_next(site: Site) -> None:
    certificate = site.issue("scale-0014")
    with site.link("scale-0014") as link:
        site.authority.devices.revoke(certificate)
        site.write_revocations()
        assert link.ended.wait(10)
    assert site.link("scale-0014").connect().code is None
    with site.link("scale-0001"):
        pass


def test_a_newly_revoked_device_loses_its_open_session(site: Site) -> None:
    with site.link("scale-0015") as link:
        site.nodes["scale-0015"].credential.state = "revoked"
        site.write_registry()
        assert link.ended.wait(10)
    assert site.link("scale-0015").connect().code == "Not authorized"


def test_a_huge_packet_ends_the_connection_without_being_read(site: Site) -> None:
    before = site.metric('chengxin_gateway_broker_refusals_total{code="mqtt.size"}')
    with site.link("scale-0016") as link:
        link.client.publish(topics.up("scale-0016"), bytes(100_000), qos=1)
        assert link.ended.wait(10)
    assert site.metric('chengxin_gateway_broker_refusals_total{code="mqtt.size"}') == before + 1


def test_a_flood_of_one_device_does_not_hold_the_others_up(site: Site) -> None:
    flood = [site.seal("scale-0019") for _ in range(1500)]
    with site.link("scale-0019") as loud, site.link("scale-0020") as quiet:
        for one in flood:
            loud.client.publish(topics.up("scale-0019"), one, qos=0)
        quiet.say(site.seal("scale-0020"))
        assert quiet.next_receipt().seq_to == 1
        assert loud.receipt_to(1500).seq_from == 1  # slowed down, not dropped


def test_devices_that_come_and_go_do_not_disturb_the_messages_of_others(site: Site) -> None:
    records = [site.seal("scale-0003") for _ in range(200)]
    with site.link("scale-0003") as steady:
        for index, one in enumerate(records):
            steady.client.publish(topics.up("scale-0003"), one, qos=1)
            if index % 10 == 0:
                with site.link(NAMES[3 + index // 10 % 7]):
                    pass
        newest = site.nodes["scale-0003"].head.seq
        assert steady.receipt_to(newest).seq_to == newest
    assert "Traceback" not in (site.home / "gateway.log").read_text()


def test_a_retained_message_ends_the_connection(site: Site) -> None:
    with site.link("scale-0017") as link:
        link.client.publish(topics.up("scale-0017"), b"for ever", qos=1, retain=True)
        assert link.ended.wait(10)


@pytest.mark.parametrize("noise", [b"\x00" * 64, b"\xff" * 64, b"\x10\xff\xff\xff\xff\x7f", b"GET / HTTP/1.1\r\n" * 8])
def test_noise_instead_of_a_connect_ends_the_connection_only(site: Site, noise: bytes) -> None:
    directory: Path = site.directory / "scale-0018"
    with (
        socket.create_connection(("127.0.0.1", site.mqtt_port)) as plain,
        device_context(directory).wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.settimeout(15)
        connection.sendall(noise)
        with contextlib.suppress(ssl.SSLError):  # a gateway may hang up without a TLS goodbye
            assert connection.recv(16) == b""
    with site.link("scale-0018"):
        pass
