"""What a device may say and hear: its own two topics, whatever the broker's answer looks like.

Mosquitto acknowledges a publication that it drops, and grants a subscription that never delivers; so these tests look
at what arrives, not at what was acknowledged.
"""

import pytest
from tracewire import cose, receipt, topics
from tracewire.receipt import GATEWAY

from tests.edge.device_link import DeviceLink
from tests.edge.site import Site

CONTROL = "$CONTROL/dynamic-security/v1"


def first_kid_heard(link: DeviceLink) -> bytes:
    """Return whose receipt came first."""
    return receipt.decode(cose.parse(link.next_message()).payload).kid


def test_a_publish_on_a_foreign_topic_reaches_nobody(site: Site) -> None:
    stolen = site.seal("scale-0003")
    with site.link("scale-0002") as thief:
        thief.say(stolen, topics.up("scale-0003"))
        thief.say(site.seal("scale-0002"))
        assert thief.next_receipt(GATEWAY).seq_to == 1  # what was said before has been dealt with
    assert site.rows("SELECT seq FROM history WHERE device = 'scale-0003'") == []


def test_a_device_may_not_speak_as_the_gateway(site: Site) -> None:
    with site.link("scale-0004") as victim, site.link("scale-0005") as forger:
        forger.say(b"a receipt, believe me", topics.down("scale-0004"))
        victim.say(site.seal("scale-0004"))
        assert first_kid_heard(victim) == site.nodes["scale-0004"].kid


@pytest.mark.parametrize(
    "topic", [topics.down("scale-0007"), "cx/1/+/down", "#", "cx/#", "+/1/+/+", topics.EVERY_DEVICE_UP, "$SYS/#"]
)
def test_a_foreign_subscription_hears_nothing(site: Site, topic: str) -> None:
    with site.link("scale-0006") as listener, site.link("scale-0007") as speaker:
        listener.listen(topic)
        speaker.say(site.seal("scale-0007"))
        assert first_kid_heard(speaker) == site.nodes["scale-0007"].kid
        listener.say(site.seal("scale-0006"))
        assert first_kid_heard(listener) == site.nodes["scale-0006"].kid


def test_a_device_may_not_command_the_broker(site: Site) -> None:
    command = b'{"commands": [{"command": "createClient", "username": "scale-0009"}]}'
    with site.link("scale-0008") as attacker, site.link("scale-0009") as victim:
        attacker.say(command, CONTROL)
        victim.say(site.seal("scale-0009"))
        assert victim.next_receipt().seq_to == 1
        assert not victim.ended.is_set()
