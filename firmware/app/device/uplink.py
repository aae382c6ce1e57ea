"""The way up, built from what enrolment left: a publisher for the journal and a client for the gateway's broker."""

import random

from device import mqtt_link
from device.backoff import Backoff
from device.mqtt import Client
from device.publisher import Publisher
from hal import clock, radio
from tracewire import p256, topics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.config import Config
    from device.journal import Journal
    from device.keystore import KeyStore


def build(root: str, settings: "Config", journal: "Journal", key: "KeyStore") -> "tuple[Publisher, Client]":
    """Return publisher and client of this device; neither does anything before its task runs."""
    keepers = [(level, p256.VerifyingKey(point)) for level, point in settings.keepers]
    publisher = Publisher(journal, key.kid, keepers, topics.up(settings.name), clock.ticks_ms)
    client = Client(
        _broker(root, settings),
        topics.down(settings.name),
        publisher.hear,
        publisher.went_online,
        Backoff(random.randrange),
    )
    return publisher, client


async def go_online(client: "Client") -> None:
    """Bring the network up, then keep the connection to the gateway; weighing does not wait for either."""
    await radio.connect()
    await client.run()


def _broker(root: str, settings: "Config") -> mqtt_link.Broker:
    """Return where the gateway is, and the certificates of both sides."""
    files = [_read(root + "/" + name) for name in ("tls_cert.der", "tls_key.der", "server_ca.der")]
    context = mqtt_link.tls_context(*files)
    return mqtt_link.Broker(
        settings.gateway_host, settings.gateway_port, settings.gateway_tls_name, settings.name, context
    )


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
