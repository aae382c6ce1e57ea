"""What the devices said: an MQTT session with manual acknowledgement, handed over in bunches.

Why bunches: whatever is waiting is verified and committed together, so under load one disk flush serves hundreds of
records and at rest a single record waits for nobody. The same code hears the embedded broker and Mosquitto. paho runs
its own thread; deliveries cross to the event loop here and nowhere else.
"""

import asyncio
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from tracewire import topics

from edge.config import GatewayConfig

log = structlog.get_logger("edge.inbox")

KEEP_ALIVE_SECONDS = 30
RECONNECT_SECONDS = (1, 30)
GATHER_SECONDS = 0.005
"""How long the first delivery of a bunch waits for others: a twentieth of what a person notices, and one disk flush."""
QOS_AT_LEAST_ONCE = 1
QOS_AT_MOST_ONCE = 0


@dataclass(frozen=True)
class Delivery:
    """One message as it came. ``acknowledge`` may be called once, after the commit, from any thread.

    ``sender`` is the session that published it, where the broker told us; empty where only the topic does.
    """

    topic: str
    payload: bytes
    received_ms: int
    acknowledge: Callable[[], None]
    sender: str = ""


class Notices(Protocol):
    """Who hears what the broker says of itself; called on the event loop."""

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""

    def begun(self) -> None:
        """Our own session stands: everything said from now on is heard."""

    def heard(self, topic: str, payload: bytes) -> None:
        """One message on one of ``topics``."""


class Inbox:
    """The gateway's own session at the broker, under its client certificate."""

    def __init__(
        self, config: GatewayConfig, context: ssl.SSLContext, name: str, notices: Notices | None = None
    ) -> None:
        self._address = (config.mqtt_host, config.mqtt_port)
        self._notices = notices
        self._waiting: deque[Delivery] = deque()
        self._waiting_limit = config.waiting_limit
        self._arrived = asyncio.Event()
        self._is_woken = False
        self._loop = asyncio.get_running_loop()
        self._connections = 0
        self.dropped = 0
        """Deliveries refused because too many were waiting; unacknowledged, so their devices send them again."""
        self.listening = asyncio.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=True, manual_ack=True)
        self._client.tls_set_context(context)
        self._client.reconnect_delay_set(*RECONNECT_SECONDS)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._heard
        self._client.on_socket_open = _send_at_once

    def start(self) -> None:
        """Begin to connect, for as long as it takes; ``listening`` is set while the subscription stands."""
        self._client.connect_async(*self._address, keepalive=KEEP_ALIVE_SECONDS)
        self._client.loop_start()

    async def stop(self) -> None:
        """Say goodbye and wait for paho's thread; what was not acknowledged comes again."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def waiting(self, most: int) -> list[Delivery]:
        """Return the deliveries that wait, at least one, at most ``most``, after a moment for more to gather."""
        while not self._waiting:
            await self._arrived.wait()
            self._arrived.clear()
            self._is_woken = False  # before the look: what comes after it wakes us again
        if len(self._waiting) < most:
            await asyncio.sleep(GATHER_SECONDS)
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def add_foreign(self, sender: str, topic: str, payload: bytes) -> None:
        """Put in line what the broker dropped, so that step 5 refuses it and the quarantine keeps it."""
        self._add(Delivery(topic, payload, _now_ms(), _nobody_waits, sender))

    def publish(self, topic: str, payload: bytes) -> None:
        """Send downwards without waiting: a receipt that is lost is sent again when its device repeats itself."""
        self._client.publish(topic, payload, qos=QOS_AT_MOST_ONCE)

    # Below: called by paho, on paho's thread.

    def _connected(self, client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        self._connections += 1
        if code.is_failure:
            log.error("inbox.refused", reason=str(code))
            return
        wanted = [(topics.EVERY_DEVICE_UP, QOS_AT_LEAST_ONCE)]
        if self._notices is not None:
            wanted += [(topic, QOS_AT_MOST_ONCE) for topic in self._notices.topics]
        client.subscribe(wanted)

    def _subscribed(self, client: paho.Client, _data: Any, _id: int, codes: list[ReasonCode], _properties: Any) -> None:
        if any(code.is_failure for code in codes):
            log.error("inbox.subscription_refused")
            client.disconnect()
            return
        log.info("inbox.listening")
        self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        """Run on the event loop once the subscription stands."""
        if self._notices is not None:
            self._notices.begun()
        self.listening.set()

    def _disconnected(self, _client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        if code.is_failure:
            log.warning("inbox.disconnected", reason=str(code))
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.listening.clear)

    def _heard(self, client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        connection, packet_id, qos = self._connections, message.mid, message.qos
        if self._notices is not None and message.topic in self._notices.topics:
            self._loop.call_soon_threadsafe(self._notices.heard, message.topic, bytes(message.payload))
            return

        def acknowledge() -> None:
            # A packet id belongs to its connection; on a later one it may name a message that is not stored yet.
            if self._connections == connection:
                client.ack(packet_id, qos)

        self._add(Delivery(message.topic, bytes(message.payload), _now_ms(), acknowledge))

    def _add(self, delivery: Delivery) -> None:
        if len(self._waiting) >= self._waiting_limit:
            self.dropped += 1
            return
        self._waiting.append(delivery)
        if not self._is_woken:  # one wake-up for a bunch: each is a system call
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._arrived.set)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _nobody_waits() -> None:
    """Acknowledge a delivery whose sender was answered by the broker already."""


def _send_at_once(_client: paho.Client, _data: Any, connection: Any) -> None:
    """Switch Nagle's algorithm off: with delayed acknowledgements it costs 40 ms a message."""
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
