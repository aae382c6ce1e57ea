"""Mosquitto minded by the gateway: the files that ``init`` writes, the broker's log, sessions across a restart."""

import getpass
import stat
import subprocess
from pathlib import Path

import pytest
from tracewire.errors import Misuse
from tracewire.receipt import CLOUD
from typer.testing import CliRunner

from edge import config
from edge.commands import gateway
from edge.mosquitto import configuration, notices, units
from edge.mosquitto.notices import Event, Notice
from simulators.mosquitto import MosquittoProcess
from tests.edge.site import Site

DEVICE = "scale-0001"
NOTICES, INFORMATION, SUBSCRIPTIONS = notices.TOPICS


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with Mosquitto, nothing running yet."""
    return Site(tmp_path, {DEVICE: "active", "scale-0002": "active"}, broker=config.MOSQUITTO)


def test_the_broker_cannot_read_what_is_the_gateways_alone(site: Site) -> None:
    private = {"record.key", "outbox.sqlite", "registry.cose"}
    assert not private & {path.name for path in (site.home / "broker").rglob("*")}
    assert stat.S_IMODE((site.home / "broker/server_key.pem").stat().st_mode) == configuration.GROUP_READS


def test_init_writes_configuration_and_units_that_systemd_accepts(site: Site) -> None:
    written = units.write(config.load(site.home), getpass.getuser(), getpass.getuser())
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, written)], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_the_command_writes_all_of_it(site: Site) -> None:
    (site.home / "outbox.sqlite").unlink()
    (site.home / "gateway.toml").unlink()
    words = ["init", "--dir", str(site.home), "--cloud-url", "https://cloud.example", "--broker", "mosquitto"]
    made = CliRunner().invoke(gateway, [*words, "--gateway-user", getpass.getuser()])
    assert made.exit_code == 0, made.output
    assert "user mosquitto" in (site.home / "broker/mosquitto.conf").read_text()
    assert len(list((site.home / "systemd").iterdir())) == 4


def test_the_brokers_files_cannot_be_written_before_the_enrolment(tmp_path: Path) -> None:
    words = ["init", "--dir", str(tmp_path), "--cloud-url", "https://cloud.example", "--broker", "mosquitto"]
    refused = CliRunner().invoke(gateway, words)
    assert refused.exit_code == 2
    assert "enrol the gateway first" in refused.output
    assert not (tmp_path / "outbox.sqlite").exists()


def test_broken_certificates_are_not_handed_over(site: Site) -> None:
    settings = config.load(site.home)
    before = (site.home / "broker/server_cert.pem").read_bytes()
    (site.home / "server_cert.pem").write_bytes(b"no certificate")
    with pytest.raises(Misuse, match=r"gateway\.tls"):
        configuration.hand_over(settings)
    assert (site.home / "broker/server_cert.pem").read_bytes() == before


def test_an_authority_without_its_root_is_not_handed_over(site: Site) -> None:
    intermediate, _, _ = (site.home / "device_ca.pem").read_bytes().partition(b"-----END CERTIFICATE-----\n")
    (site.home / "device_ca.pem").write_bytes(intermediate + b"-----END CERTIFICATE-----\n")
    with pytest.raises(Misuse, match="holds no root"):
        configuration.hand_over(config.load(site.home))


@pytest.mark.parametrize(
    ("topic", "line", "notice"),
    [
        (NOTICES, b"17: New client connected from ::1:1 as scale-0001 (p2, c1, k60, u'scale-0001').", Event.CONNECTED),
        (NOTICES, b"17: Client scale-0001 disconnected.", Event.ENDED),
        (NOTICES, b"17: Client scale-0001 has exceeded timeout, disconnecting.", Event.ENDED),
        (NOTICES, b"17: Client scale-0001 been disconnected by administrative action.", Event.ENDED),
        (NOTICES, b"17: Client scale-0001 disconnected due to oversize packet.", Event.OVERSIZED),
        (SUBSCRIPTIONS, b"17: scale-0001 1 cx/1/scale-0001/down", Event.LISTENING),
    ],
)
def test_a_line_of_the_log_becomes_a_fact(topic: str, line: bytes, notice: Event) -> None:
    assert notices.read(topic, line) == Notice(notice, DEVICE)


@pytest.mark.parametrize(
    ("topic", "line"),
    [
        (SUBSCRIPTIONS, b"17: scale-0001 1 cx/1/scale-0002/down"),
        (SUBSCRIPTIONS, b"17: scale-0001 1 New client connected from ::1:1 as scale-0002 (p2"),
        (NOTICES, b"17: Client <unknown> disconnected: Protocol error."),
        (INFORMATION, b"\xff\xfe"),
        (NOTICES, b""),
    ],
)
def test_a_line_that_says_nothing_we_need_is_passed_over(topic: str, line: bytes) -> None:
    assert notices.read(topic, line) is None


def test_a_device_that_comes_back_hears_the_newest_cloud_receipt_again(site: Site) -> None:
    cloud = site.cloud().start()
    with site.gateway():
        with site.link(DEVICE) as link:
            link.say(site.seal(DEVICE))
            link.next_receipt(CLOUD)
        with site.link(DEVICE) as link:
            assert link.next_receipt(CLOUD).seq_to == 1
    cloud.stop()


def test_a_broker_that_does_not_read_the_new_list_is_reported_and_sessions_end_all_the_same(site: Site) -> None:
    settings = site.home / config.FILE_NAME
    lines = settings.read_text().splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if "broker_pid_file" not in line))
    with site.gateway() as gateway, site.link(DEVICE) as link:
        site.authority.devices.revoke(site.issue("scale-0002"))
        site.write_revocations()
        assert link.ended.wait(15)
        assert "broker.reload_unseen" in gateway.log_path.read_text()


def test_a_gateway_that_starts_begins_with_an_empty_house(site: Site) -> None:
    with (
        MosquittoProcess(site.home / "broker", site.mqtt_port),
        site.gateway_alone() as gateway,
        site.link(DEVICE) as link,
    ):
        link.say(site.seal(DEVICE))
        link.next_receipt()
        gateway.kill()
        assert not link.ended.is_set()
        with site.gateway_alone():
            assert link.ended.wait(10)  # it may have been revoked meanwhile; if not, it comes back
            with site.link(DEVICE) as again:
                again.say(site.seal(DEVICE))
                assert again.next_receipt().seq_to == 2
                assert site.status()["devices_connected"] == 1


def test_a_broker_that_is_killed_is_found_again_and_nothing_is_lost(site: Site) -> None:
    with MosquittoProcess(site.home / "broker", site.mqtt_port) as broker, site.gateway_alone():
        with site.link(DEVICE) as link:
            link.say(site.seal(DEVICE))
            link.next_receipt()
            broker.kill()
            assert link.ended.wait(10)
        broker.start()
        site.wait(lambda: site.status()["ready"], 40)
        with site.link(DEVICE) as link:
            link.say(site.seal(DEVICE))
            assert link.next_receipt().seq_to == 2
