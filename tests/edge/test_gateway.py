"""The whole gateway as a process: receipts, crashes, a full disk, a cloud that is away, an orderly end."""

import math
import queue
from pathlib import Path

import pytest
from tracewire import chain, feed
from tracewire.receipt import CLOUD
from typer.testing import CliRunner

from edge import commands
from tests.edge import cloud_peer
from tests.edge.site import Site

DEVICE = "scale-0001"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site of its own, nothing running yet."""
    return Site(tmp_path, {DEVICE: "active", "scale-0002": "active"})


def stored(site: Site) -> list[int]:
    return [seq for (seq,) in site.rows("SELECT seq FROM history WHERE device = ? ORDER BY seq", DEVICE)]


def test_a_record_is_receipted_by_the_gateway_and_then_by_the_cloud(site: Site) -> None:
    cloud = site.cloud().start()
    sealed = site.seal(DEVICE)
    with site.gateway(), site.link(DEVICE) as link:
        link.say(sealed)
        near, far = link.next_receipt(), link.next_receipt(CLOUD)
        assert (near.seq_from, near.seq_to, near.head) == (1, 1, chain.digest(sealed))
        assert (far.seq_from, far.seq_to, far.head) == (1, 1, chain.digest(sealed))
        site.wait(lambda: site.status()["outbox_records"] == 0)
        assert site.status()["cloud"] == "working"
    cloud.stop()
    assert list(cloud.held.values()) == [sealed]


def test_a_device_that_comes_back_hears_the_newest_cloud_receipt_again(site: Site) -> None:
    cloud = site.cloud().start()
    with site.gateway():
        with site.link(DEVICE) as link:
            link.say(site.seal(DEVICE))
            link.next_receipt(CLOUD)
        with site.link(DEVICE) as link:
            assert link.next_receipt(CLOUD).seq_to == 1
    cloud.stop()


def test_bad_bytes_end_in_quarantine_and_hold_nobody_up(site: Site) -> None:
    good = [site.seal(DEVICE) for _ in range(3)]
    bad = {
        "cose.truncated": good[0][:-1],
        "cose.trailing": good[0] + b"\x00",
        "cose.tag": b"not cbor at all",
        "cose.size": good[0] + bytes(4097),
        "cose.signature": good[0][:-1] + bytes([good[0][-1] ^ 1]),
        "access.topic": site.seal("scale-0002"),
    }
    with site.gateway(), site.link(DEVICE) as link:
        link.say(good[0])
        for payload in bad.values():
            link.say(payload)
        link.say(good[1])
        link.say(good[2])
        assert link.receipt_to(3).seq_from == 1
        assert sorted(site.quarantined(DEVICE)) == sorted(bad)
        payloads = {payload for (payload,) in site.rows("SELECT payload FROM quarantine")}
        assert payloads == set(bad.values())
        assert site.metric('chengxin_gateway_quarantined_total{code="cose.size"}') == 1


@pytest.mark.parametrize(("moment", "kept"), [("before-keep", [1]), ("after-keep", [1, 2])])
def test_killed_around_the_commit_and_nothing_is_lost_or_doubled(site: Site, moment: str, kept: list[int]) -> None:
    first, second = site.seal(DEVICE), site.seal(DEVICE)
    with site.gateway(*site.dying(moment)) as gateway, site.link(DEVICE) as link:
        link.say(first)
        link.next_receipt()
        link.next_statement(feed.CLOCK)  # what the first record is answered with beside its receipt
        link.say(second)
        assert link.ended.wait(10)
        assert gateway.process.wait(10) == -9
        with pytest.raises(queue.Empty):  # it died before it could answer: the device still has the record
            link.next_message(0.1)
    assert stored(site) == kept
    with site.gateway(), site.link(DEVICE) as link:
        link.say(second)
        assert link.next_receipt().head == chain.digest(second)
    assert stored(site) == [1, 2]


def test_a_gateway_that_is_killed_under_load_loses_nothing_it_receipted(site: Site) -> None:
    sealed = [site.seal(DEVICE) for _ in range(300)]
    with site.gateway() as gateway, site.link(DEVICE) as link:
        for one in sealed[:200]:
            link.client.publish(f"cx/1/{DEVICE}/up", one, qos=1)
        receipted = link.next_receipt().seq_to
        gateway.kill()
    assert stored(site)[:receipted] == list(range(1, receipted + 1))
    with site.gateway(), site.link(DEVICE) as link:
        for one in sealed:
            link.client.publish(f"cx/1/{DEVICE}/up", one, qos=1)
        assert link.receipt_to(300).seq_from == 1
    assert stored(site) == list(range(1, 301))


def test_the_cloud_is_away_all_morning_and_comes_back(site: Site) -> None:
    with site.gateway(), site.link(DEVICE) as link:
        for _ in range(50):
            link.say(site.seal(DEVICE))
        assert link.receipt_to(50).seq_from == 1
        site.wait(lambda: site.status()["cloud"] == "unreachable")
        assert site.status()["outbox_records"] == 50
        cloud = site.cloud().start()
        assert link.receipt_to(50, CLOUD).seq_from == 1
        site.wait(lambda: site.status()["outbox_records"] == 0)
    cloud.stop()
    assert len(cloud.held) == 50


def test_the_outbox_is_forwarded_after_a_restart(site: Site) -> None:
    with site.gateway(), site.link(DEVICE) as link:
        link.say(site.seal(DEVICE))
        link.next_receipt()
    cloud = site.cloud().start()
    with site.gateway():
        cloud.wait_for(lambda: len(cloud.held) == 1)
    cloud.stop()


def test_a_full_disk_acknowledges_nothing_and_recovers_when_there_is_room(tmp_path: Path) -> None:
    site = Site(tmp_path, {DEVICE: "active"}, outbox_max_bytes=160 * 1024)
    sealed = [site.seal(DEVICE) for _ in range(600)]
    with site.gateway() as gateway, site.link(DEVICE) as link:
        for one in sealed:
            link.client.publish(f"cx/1/{DEVICE}/up", one, qos=1)
        site.wait(lambda: site.metric("chengxin_gateway_disk_failures_total") > 1)
        held = len(stored(site))
        assert 0 < held < 600
        assert "outbox.full" in gateway.log_path.read_text()
        highest = 0
        while highest < held:
            highest = max(highest, link.next_receipt().seq_to)
        assert highest == held
        cloud = site.cloud().start()  # takes the rows away, and so makes room
        assert link.receipt_to(600).seq_to == 600
    cloud.stop()


def test_a_registry_that_appears_later_lets_an_unknown_key_in(site: Site) -> None:
    newcomer = site.nodes[DEVICE]
    del site.nodes[DEVICE]
    site.write_registry()
    with site.gateway():
        assert site.link(DEVICE).connect().code == "Not authorized"
        site.nodes[DEVICE] = newcomer
        site.write_registry()
        site.wait(lambda: site.status()["registry_serial"] == 3)
        with site.link(DEVICE) as link:
            link.say(site.seal(DEVICE))
            assert link.next_receipt().seq_to == 1


def test_an_older_registry_is_refused_also_after_a_restart(site: Site) -> None:
    old = (site.home / "registry.cose").read_bytes()
    site.nodes["scale-0002"].credential.state = "revoked"
    site.write_registry()
    with site.gateway() as gateway:
        (site.home / "registry.cose").write_bytes(old)
        site.wait(lambda: "registry.rollback" in gateway.log_path.read_text())
        assert site.status()["registry_serial"] == 2
    with pytest.raises(AssertionError, match="already seen"), site.gateway():
        pass


def test_sigterm_ends_it_cleanly_with_connections_open(site: Site) -> None:
    with site.gateway() as gateway, site.link(DEVICE) as link:
        link.say(site.seal(DEVICE))
        link.next_receipt()
        assert gateway.end() == 0
    text = gateway.log_path.read_text()
    assert "gateway.stopped" in text
    assert "Traceback" not in text


@pytest.mark.parametrize("missing", ["record.key", "crl.pem", "registry.cose", "outbox.sqlite", "gateway.toml"])
def test_it_refuses_to_start_with_a_sentence_that_names_the_missing_file(site: Site, missing: str) -> None:
    (site.home / missing).unlink()
    with pytest.raises(AssertionError) as refusal, site.gateway():
        pass
    said = str(refusal.value)
    assert "chengxin gateway: " in said
    assert missing.removesuffix(".sqlite") in said
    assert "Traceback" not in said


def test_a_record_key_that_is_no_gateways_is_refused(site: Site) -> None:
    site.nodes["gateway-01"].credential.role = "scale"
    site.write_registry()
    with pytest.raises(AssertionError, match="gateway-01 is a active scale"), site.gateway():
        pass


def test_a_status_page_tells_a_person_how_it_is_going(site: Site) -> None:
    cloud = site.cloud().start()
    cloud.answer = cloud_peer.status(503)
    with site.gateway(), site.link(DEVICE) as link:
        link.say(site.seal(DEVICE))
        link.say(b"noise")
        site.wait(lambda: site.status()["records_in"] == 2)
        status = site.status()
        assert (status["gateway"], status["ready"], status["broker"]) == ("gateway-01", True, "embedded")
        assert (status["devices"], status["devices_connected"]) == (1, 1)
        assert (status["outbox_records"], status["receipts_outstanding"], status["records_verified"]) == (1, 1, 1)
        assert status["quarantined_by_reason"] == {"cose.tag": 1}
        assert status["cloud_answered_ms"] is None
        assert status["certificate_days_left"] == 1  # the test authority's last two days
        assert status["buffer_free_bytes"] > 0
        assert status["buffer_hours_left"] is None  # nothing was seen growing for a minute yet
        assert math.isnan(site.metric("chengxin_gateway_buffer_hours_left"))
        assert site.metric("chengxin_gateway_outbox_records") == 1
        assert site.metric("chengxin_gateway_devices_connected") == 1
        cloud.answer = cloud_peer.honest
        site.wait(lambda: site.status()["receipts_outstanding"] == 0)
        assert site.metric("chengxin_gateway_cloud_answer_seconds") > 0
        printed = CliRunner().invoke(commands.gateway, ["status", "--dir", str(site.home)]).output
        assert "quarantined_by_reason  cose.tag 1\n" in printed
        assert "buffer_hours_left      unknown\n" in printed
    cloud.stop()
