"""The way up and down, built from what enrolment left: publisher, what is heard, a client for the gateway's broker."""

import random

from device import mqtt_link
from device.backoff import Backoff
from device.downlink import Downlink
from device.mqtt import Client
from device.publisher import Publisher
from tracewire import p256, topics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.clock_keeper import ClockKeeper
    from device.config import Config
    from device.history import History
    from device.journal import Journal
    from device.keystore import KeyStore


def build(
    root: str, settings: "Config", history: "History", journal: "Journal", key: "KeyStore", clock: "ClockKeeper"
) -> "tuple[Publisher, Client, Downlink]":
    """Return the way up and the way down of this device; nothing does anything before its task runs.

    ``history`` has started: its newest record is what the first signed time must answer.
    """
    keepers = [(level, p256.VerifyingKey(point)) for level, point in settings.keepers]
    publisher = Publisher(journal, key.kid, keepers, topics.up(settings.name), clock.ticks_ms, clock.first_seq)
    downlink = Downlink(root, key.kid, keepers, clock, history, publisher)
    publisher.on_tick = downlink.settle
    client = Client(
        _broker(root, settings, clock),
        topics.down(settings.name),
        downlink.hear,
        publisher.went_online,
        Backoff(random.randrange),
    )
    return publisher, client, downlink


def _broker(root: str, settings: "Config", clock: "ClockKeeper") -> mqtt_link.Broker:
    """Return where the gateway is, and the certificates of both sides."""
    files = [_read(root + "/" + name) for name in ("tls_cert.der", "tls_key.der", "server_ca.der")]
    context = mqtt_link.tls_context(*files, clock.now_ms)
    return mqtt_link.Broker(
        settings.gateway_host, settings.gateway_port, settings.gateway_tls_name, settings.name, context
    )


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
