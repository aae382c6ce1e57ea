"""The embedded broker: amqtt behind our own TLS listener (design: "the broker is only a wire").

Why our own listener: amqtt asks for a client certificate but does not require one, knows no revocation list, and trusts
the CONNECT before it knows the peer. Here a connection passes, in this order: TLS with a certificate of the Device CA
that is not on its CRL; registry; a CONNECT in that name (``packet_gate``); and only then amqtt sees the first byte. One
connection per name: the newest wins, and only the holder of the same certificate name can be the newest.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import structlog
from amqtt.adapters import StreamWriterAdapter  # type: ignore[import-untyped]  # amqtt ships no py.typed marker
from amqtt.broker import Broker  # type: ignore[import-untyped]  # as above
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType  # type: ignore[import-untyped]  # as above
from tracewire.errors import Misuse, Rejected

from edge import tls
from edge.access import Access, Peer
from edge.broker_plugins import peer_of
from edge.config import GatewayConfig
from edge.packet_gate import PacketGate, judge_connect
from edge.site_broker import BrokerEvents

log = structlog.get_logger("edge.broker")

HANDSHAKE_SECONDS = 10
GOODBYE_SECONDS = 2.0
"""How long an ended connection may wait for the peer's TLS goodbye: a half-open one never sends it."""
MOST_WAITING = 1_000
"""Messages amqtt may hold for the gateway; seen to reach 20,000 when devices repeated themselves to a slow machine."""
CONNACK_IDENTIFIER_REJECTED = b"\x20\x02\x00\x02"
CONNACK_NOT_AUTHORIZED = b"\x20\x02\x00\x05"
_LISTENER = "default"


class _Subscriptions(dict[str, Any]):
    """amqtt's table of subscriptions, iterated over a snapshot.

    amqtt awaits inside its loops over this table; a device that subscribes meanwhile changed its size, and the message
    in hand was dropped with "dictionary changed size during iteration" (seen when the scales came back together).
    """

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(super().keys()))

    def items(self) -> Any:
        """Return the pairs of this moment."""
        return tuple(super().items())


class EmbeddedBroker:
    """Mutual TLS on one port, MQTT 3.1.1, nothing kept."""

    def __init__(self, config: GatewayConfig, access: Access, events: BrokerEvents) -> None:
        """Load the certificates; ``Misuse`` when they cannot be used. Opens no port."""
        self._config = config
        self._context = tls.device_side(config)
        self._access = access
        self._events = events
        self._sessions: dict[str, tuple[Peer, asyncio.StreamWriter, asyncio.Task[Any]]] = {}
        self._server: asyncio.Server | None = None
        self._amqtt: Broker = None

    async def start(self) -> None:
        """Open the port; ``Misuse`` when it is taken."""
        host, port = self._config.mqtt_listen_host, self._config.mqtt_port
        plugin = {"edge.broker_plugins.CertificateAccess": {"access": self._access, "events": self._events}}
        self._amqtt = Broker(
            BrokerConfig(listeners={_LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)}, plugins=plugin)
        )
        self._amqtt._subscriptions = _Subscriptions()
        await self._amqtt.start()
        try:
            self._server = await asyncio.start_server(
                self._serve,
                host,
                port,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=GOODBYE_SECONDS,
            )
        except OSError as taken:
            await self._amqtt.shutdown()
            raise Misuse("gateway.port", f"cannot listen on {host}:{port}: {taken}") from taken
        log.info("broker.listening", host=host, port=port)

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for name in list(self._sessions):
            await self._drop(name)
        await self._amqtt.shutdown()

    @property
    def connected(self) -> int:
        """How many devices hold a session now."""
        return sum(not self._access.is_gateway(name) for name in self._sessions)

    def take_revocations(self) -> None:
        """Judge new connections by the ``crl.pem`` that lies there now; ``OSError`` leaves the last list in force."""
        tls.add_revocations(self._context, self._config)

    async def drop_unwelcome(self) -> None:
        """End the sessions that would not be admitted any more."""
        for name, (peer, _, _) in list(self._sessions.items()):
            try:
                self._access.admit(peer)
            except Rejected as refusal:
                self._events.refused(refusal.code)
                log.warning("broker.session_ended", device=name, reason=refusal.code)
                await self._drop(name)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from handshake to end; never raises, because nobody awaits it."""
        try:
            peer, gate = await self._welcome(reader, writer)
        except Rejected as refusal:
            await self._turn_away(writer, refusal)
            return
        await self._drop(peer.name)
        task = asyncio.current_task()
        assert task is not None
        self._sessions[peer.name] = (peer, writer, task)
        try:
            await self._amqtt.external_connected(gate, StreamWriterAdapter(writer), _LISTENER)
        except (OSError, ssl.SSLError) as lost:
            log.info("broker.connection_lost", device=peer.name, reason=type(lost).__name__)
        finally:
            if self._sessions.get(peer.name, (None, None, None))[1] is writer:
                del self._sessions[peer.name]
            writer.close()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[Peer, PacketGate]:
        """Check certificate, registry and CONNECT; ``Rejected`` says which one failed."""
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # 46 ms to 2.8 ms a connect (field notes 5)
        peer = peer_of(writer.get_extra_info("ssl_object"))
        gate = PacketGate(
            reader, self._note, self._config.device_packets_per_second, lambda: self._is_behind(peer.name)
        )
        connect = await gate.connect_packet()
        self._access.admit(peer)
        judge_connect(connect, peer.name)
        gate.is_paced = not self._access.is_gateway(peer.name)
        return peer, gate

    def _is_behind(self, name: str) -> bool:
        """Tell whether messages wait inside amqtt: it acknowledges them first, so nothing else slows devices down."""
        session, _ = self._amqtt._sessions.get(name, (None, None))
        own = session.delivered_message_queue.qsize() if session is not None else 0
        return bool(own + self._amqtt._broadcast_queue.qsize() > MOST_WAITING)

    async def _turn_away(self, writer: asyncio.StreamWriter, refusal: Rejected) -> None:
        self._note(refusal)
        is_name = refusal.code == "access.client_id"
        with contextlib.suppress(OSError, ssl.SSLError):
            if refusal.code.startswith("access."):
                writer.write(CONNACK_IDENTIFIER_REJECTED if is_name else CONNACK_NOT_AUTHORIZED)
                await writer.drain()
            writer.close()

    def _note(self, refusal: Rejected) -> None:
        """Count and log a refusal; the ordinary end of a connection is neither."""
        if refusal.code != "mqtt.closed":
            self._events.refused(refusal.code)
            log.warning("broker.refused", code=refusal.code, detail=refusal.detail)

    async def _drop(self, name: str) -> None:
        """End the session of ``name`` and wait until amqtt has let go of it."""
        session = self._sessions.pop(name, None)
        if session is not None:
            _, writer, task = session
            writer.transport.abort()
            await asyncio.wait([task], timeout=HANDSHAKE_SECONDS)
