"""One MQTT connection, from the TLS handshake to its end: connect, subscribe, publish within a window, serve.

A link is never repaired. Whatever goes wrong, wherever it is noticed, ends it with ``Unavailable`` or ``Rejected``, and
``device.mqtt`` makes the next one. Every wait has a limit, so that a broker that accepts and falls silent, or a router
that forgets the connection, costs seconds and not the day. Nothing is kept here: the journal has the records.
"""

import asyncio

import tls
from device import mqtt_packets, validity
from device.mqtt_packets import ACCEPTED, CONNACK, PUBACK, PUBLISH, SUBACK
from tracewire.errors import Rejected, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 16  # publications that the broker has not acknowledged yet
TIMEOUT_S = 20  # for each answer we wait for; a TLS handshake takes about 3 s on an ESP32
KEEP_ALIVE_S = 60

_TLS_REFUSALS = (-0x7780, -0x2700, -0x3000)  # mbedTLS: a fatal alert; a certificate not trusted; ``validity`` said no


class Broker:
    """Where the gateway is and how we appear there.

    ``server_name`` must be in the broker's certificate. ``context`` comes from ``tls_context``.
    """

    def __init__(
        self,
        host: str,
        port: int,
        server_name: str,
        client: str,
        context: "tls.SSLContext",
        keep_alive_s: float = KEEP_ALIVE_S,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.host = host
        self.port = port
        self.server_name = server_name
        self.client = client
        self.context = context
        self.keep_alive_s = keep_alive_s
        self.timeout_s = timeout_s


def tls_context(certificate: bytes, key: bytes, server_ca: bytes, now_ms: "Callable[[], int]") -> "tls.SSLContext":
    """Return a client context from DER bytes; TLS 1.2, because that is what MicroPython's mbedTLS speaks.

    ``verify_mode`` is set because MicroPython's default verifies nothing. The broker's certificate must hold at
    ``now_ms()`` too. ``ValueError`` for broken DER.
    """
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_verify_locations(server_ca)
    context.load_cert_chain(certificate, key)
    context.verify_callback = validity.check(now_ms)
    return context


class Link:
    """One connection. Use: ``open``, ``subscribe``, then ``serve`` in one task and ``publish`` in others; ``close``."""

    def __init__(self, broker: Broker, decoder: mqtt_packets.Decoder, window: int = WINDOW) -> None:
        self._broker = broker
        self._window = window
        self._decoder = decoder
        decoder.reset()
        self._packet_ids = mqtt_packets.PacketIds()
        self._stream = None
        self._sending = asyncio.Lock()
        self._acknowledged = asyncio.Event()
        self.is_open = False

    async def open(self) -> None:
        """Shake hands and log in; ``Unavailable("mqtt.refused")`` when the broker does not want this device."""
        broker = self._broker
        self._stream, _ = await self._within(
            asyncio.open_connection(broker.host, broker.port, broker.context, broker.server_name)
        )
        self.is_open = True
        await self._send(mqtt_packets.connect(broker.client, int(broker.keep_alive_s) or 1))
        answer = await self._within(self._next_packet())
        if answer.kind != CONNACK:
            raise Rejected("mqtt.order", "kind %d before CONNACK" % answer.kind)
        if answer.code != ACCEPTED:
            raise Unavailable("mqtt.refused" if answer.code != 3 else "mqtt.busy", "CONNACK code %d" % answer.code)

    async def subscribe(self, topic: str) -> None:
        """Hear ``topic`` with QoS 1; ``Unavailable("mqtt.refused")`` when the broker does not allow it."""
        packet_id = self._packet_ids.take()
        await self._send(mqtt_packets.subscribe(topic, packet_id))
        answer = await self._within(self._next_packet())
        if answer.kind != SUBACK or not self._packet_ids.give_back(answer.packet_id):
            raise Rejected("mqtt.order", "kind %d before SUBACK" % answer.kind)
        if answer.code > 1:
            raise Unavailable("mqtt.refused", "SUBACK code %d" % answer.code)

    async def publish(self, topic: str, payload: bytes) -> None:
        """Send with QoS 1 as soon as the window has room; returns when sent, and promises nothing (spec 8.2)."""
        await self._within(self._room())
        await self._send(mqtt_packets.publish(topic, payload, self._packet_ids.take()))

    async def serve(self, on_message: "Callable[[str, bytes], None]") -> None:
        """Read until the link ends, which is always an error; ``on_message(topic, payload)`` for every publication."""
        while True:
            packet = await self._next_packet()
            if packet.kind == PUBLISH:
                on_message(packet.topic, packet.payload)
                if packet.packet_id:
                    await self._send(mqtt_packets.puback(packet.packet_id))
            elif packet.kind == PUBACK:
                if not self._packet_ids.give_back(packet.packet_id):
                    raise Rejected("mqtt.packet_id", "PUBACK for %d, not in flight" % packet.packet_id)
                self._acknowledged.set()
            elif packet.kind != mqtt_packets.PINGRESP:
                raise Rejected("mqtt.order", "kind %d in a session" % packet.kind)

    def close(self) -> None:
        """Drop the connection; for the task that serves it, when it has stopped reading."""
        self._end()
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _end(self) -> None:
        """Mark the link as ended: waiting publications give up now, ``serve`` when its read returns."""
        self.is_open = False
        self._acknowledged.set()

    async def _room(self) -> None:
        while self.is_open and len(self._packet_ids.in_flight) >= self._window:
            self._acknowledged.clear()
            await self._acknowledged.wait()

    async def _send(self, packet: bytes) -> None:
        async with self._sending:  # a stream keeps one buffer: two writers would lose each other's bytes
            if not self.is_open:
                raise Unavailable("mqtt.closed", "the link has ended")
            await self._within(self._write(packet))

    async def _write(self, packet: bytes) -> None:
        stream = self._stream
        if stream is None:  # ``wait_for`` starts us later than it was called: the link may have ended in between
            raise Unavailable("mqtt.closed", "the link has ended")
        stream.write(packet)
        await stream.drain()

    async def _next_packet(self) -> mqtt_packets.Packet:
        while True:
            packet = self._decoder.next_packet()
            if packet is not None:
                return packet
            await self._read()

    async def _read(self) -> None:
        """Read some bytes; ask for a sign of life after half the keep-alive time, give up after as long again."""
        free = self._decoder.free()
        half_s = self._broker.keep_alive_s / 2
        try:
            count = await _limited(self._stream.readinto(free), half_s)
        except asyncio.TimeoutError:
            await self._send(mqtt_packets.PING)  # Unavailable when another task has ended the link meanwhile
            count = await self._within(self._stream.readinto(free), half_s)
        if count == 0:
            raise Unavailable("mqtt.closed", "by the broker")
        self._decoder.received(count or 0)  # None: TLS had bytes, but none of ours

    async def _within(self, waiting: "object", limit_s: float = 0) -> "object":
        """Await with a limit; whatever goes wrong ends the link here, so that nobody waits on a dead one."""
        try:
            return await _limited(waiting, limit_s or self._broker.timeout_s)
        except asyncio.TimeoutError:
            self._end()
            raise Unavailable("mqtt.silent", "no answer from the broker")


async def _limited(waiting: "object", limit_s: float) -> "object":
    """Await with a limit, and translate the socket's errors at this one door."""
    try:
        return await asyncio.wait_for(waiting, limit_s)
    except OSError as error:
        code = "mqtt.refused" if error.errno in _TLS_REFUSALS else "mqtt.link"
        raise Unavailable(code, str(error))
    except ValueError as error:  # what MicroPython's TLS raises for a certificate that is not the broker's
        raise Unavailable("mqtt.refused", str(error))
