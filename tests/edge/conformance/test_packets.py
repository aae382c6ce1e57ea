"""Packets: bounded in size, not kept, and more of them than a connection has numbers for.

CHENGXIN_SOAK=1 publishes all 65,536 messages; otherwise the client begins shortly before the numbers run out.
"""

import os

from tracewire import topics

from tests.edge.site import Site

PACKET_IDS = 65_535
"""MQTT 3.1.1 §2.3.1: identifiers are 16 bits and never 0; the next one is 1 again."""
WITHIN_S = 600 if os.environ.get("CHENGXIN_SOAK") else 60
PUBLICATIONS = PACKET_IDS + 1 if os.environ.get("CHENGXIN_SOAK") else 1_000


def test_a_huge_packet_ends_the_connection_without_being_read(site: Site) -> None:
    before = site.metric('chengxin_gateway_broker_refusals_total{code="mqtt.size"}')
    with site.link("scale-0016") as link:
        link.client.publish(topics.up("scale-0016"), bytes(100_000), qos=1)
        assert link.ended.wait(10)
    site.wait(lambda: site.metric('chengxin_gateway_broker_refusals_total{code="mqtt.size"}') == before + 1)


def test_a_retained_message_ends_the_connection(site: Site) -> None:
    with site.link("scale-0017") as link:
        link.client.publish(topics.up("scale-0017"), b"for ever", qos=1, retain=True)
        assert link.ended.wait(10)


def test_a_connection_outlives_its_packet_identifiers(site: Site) -> None:
    link = site.link("scale-0018")
    link.client.max_inflight_messages_set(500)
    link.client._last_mid = PACKET_IDS + 1 - PUBLICATIONS  # paho offers no other way to begin elsewhere than at 1
    with link:
        for _ in range(PUBLICATIONS):
            last = link.client.publish(topics.up("scale-0018"), b"", qos=1)  # refused at a glance: only the wire works
        last.wait_for_publish(WITHIN_S)
        assert last.mid < PUBLICATIONS  # the numbers began anew
        link.say(site.seal("scale-0018"))
        assert link.next_receipt().seq_to == 1
        assert not link.ended.is_set()
