"""What only the embedded broker can do: refuse with a code, keep evidence, hold a loud device to its pace.

What holds with either broker is in ``conformance``.
"""

import queue
from collections.abc import Iterator

import pytest
from tracewire import topics

from tests.edge.site import Site

NAMES = [f"scale-{number:04}" for number in range(1, 21)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One running gateway for the whole file; every test uses devices of its own."""
    devices = dict.fromkeys(NAMES, "active") | {"scale-gone": "revoked"}
    made = Site(tmp_path_factory.mktemp("broker"), devices)
    with made.gateway():
        yield made


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


def test_a_last_will_is_refused(site: Site) -> None:
    link = site.link("scale-0010")
    link.client.will_set(topics.down("scale-0003"), b"from the grave", qos=1)
    assert link.connect().code == "Not authorized"
    link.close()


def test_a_device_that_is_revoked_in_the_registry_is_refused(site: Site) -> None:
    assert site.link("scale-gone").connect().code == "Not authorized"


def test_a_flood_of_one_device_does_not_hold_the_others_up(site: Site) -> None:
    flood = [site.seal("scale-0019") for _ in range(1500)]
    with site.link("scale-0019") as loud, site.link("scale-0020") as quiet:
        for one in flood:
            loud.client.publish(topics.up("scale-0019"), one, qos=0)
        quiet.say(site.seal("scale-0020"))
        assert quiet.next_receipt().seq_to == 1
        assert loud.receipt_to(1500).seq_from == 1  # slowed down, not dropped
