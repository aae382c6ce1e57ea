"""Sessions: nobody takes another's, nothing is carried over, and a dead line ends."""

import contextlib
import socket
import ssl

import pytest
from tracewire import topics
from tracewire.receipt import GATEWAY

from simulators.proxy import Proxy
from tests.edge.conformance.conftest import DEVICES
from tests.edge.device_link import device_context
from tests.edge.site import Site

KEEP_ALIVE_SECONDS = 2
"""The broker waits one and a half of them (MQTT 3.1.1 §3.1.2.10)."""


def test_nobody_is_thrown_off_by_a_foreign_client_id(site: Site) -> None:
    with site.link("scale-0007") as victim:
        attacker = site.link("scale-0008", client_id="scale-0007").connect()
        victim.say(site.seal("scale-0007"))
        assert victim.next_receipt().seq_to == 1
        assert not victim.ended.is_set()
        attacker.close()


def test_a_lasting_session_cannot_inherit_anothers(site: Site) -> None:
    with site.link("scale-0006") as victim:
        attacker = site.link("scale-0008", client_id="scale-0006", is_clean=False).connect()
        victim.say(site.seal("scale-0006"))
        assert victim.next_receipt().seq_to == 1
        assert not attacker.is_session_present
        attacker.close()


def test_the_newest_connection_of_a_name_replaces_the_older(site: Site) -> None:
    with site.link("scale-0009") as first, site.link("scale-0009") as second:
        assert first.ended.wait(10)
        second.say(site.seal("scale-0009"))
        assert second.next_receipt().seq_to == 1


def test_a_session_that_is_present_works_or_is_refused_outright(site: Site) -> None:
    first = site.link("scale-0004", is_clean=False).connect()
    if first.code == "Success":
        first.listen(topics.down("scale-0004"))
    first.close()
    again = site.link("scale-0004", is_clean=False).connect()
    assert (again.code == "Success") == (first.code == "Success") == again.is_session_present
    again.close()
    with site.link("scale-0004") as plain:
        plain.say(site.seal("scale-0004"))
        assert plain.receipt_to(1).seq_to == 1


def test_a_last_will_reaches_nobody_else(site: Site) -> None:
    with site.link("scale-0003") as victim:
        link = site.link("scale-0010")
        link.client.will_set(topics.down("scale-0003"), b"from the grave", qos=1)
        link.connect()
        with contextlib.suppress(AttributeError):  # the broker may have refused it, then there is no socket
            link.client.socket().shutdown(socket.SHUT_RDWR)
        assert link.ended.wait(10)
        victim.say(site.seal("scale-0003"))
        assert victim.next_receipt(GATEWAY).seq_to == 1
        link.close()


def test_a_half_open_connection_ends_after_its_keep_alive(site: Site) -> None:
    with Proxy(site.mqtt_port) as wire:
        link = site.link("scale-0011", port=wire.port, keep_alive_s=KEEP_ALIVE_SECONDS).connect()
        assert link.code == "Success"
        wire.silence()
        site.wait(lambda: wire.given_up == 1, 30)
        link.close()


def test_devices_that_come_and_go_do_not_disturb_the_messages_of_others(site: Site) -> None:
    records = [site.seal("scale-0012") for _ in range(100)]
    with site.link("scale-0012") as steady:
        for index, one in enumerate(records):
            steady.client.publish(topics.up("scale-0012"), one, qos=1)
            if index % 10 == 0:
                with site.link(DEVICES[12 + index // 10 % 7]):
                    pass
        assert steady.receipt_to(100).seq_to == 100
    assert "Traceback" not in (site.home / "gateway.log").read_text()


@pytest.mark.parametrize("noise", [b"\x00" * 64, b"\xff" * 64, b"\x10\xff\xff\xff\xff\x7f", b"GET / HTTP/1.1\r\n" * 8])
def test_noise_instead_of_a_connect_ends_the_connection_only(site: Site, noise: bytes) -> None:
    directory = site.directory / "scale-0018"
    with (
        socket.create_connection(("127.0.0.1", site.mqtt_port)) as plain,
        device_context(directory).wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.settimeout(15)
        connection.sendall(noise)
        with contextlib.suppress(ssl.SSLError, ConnectionError):  # a broker may hang up without a TLS goodbye
            assert connection.recv(16) == b""
    with site.link("scale-0018"):
        pass
