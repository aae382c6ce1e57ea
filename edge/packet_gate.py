"""What reaches the broker's parser: whole MQTT packets of bounded size, after a CONNECT we have read ourselves.

Why a gate in front of amqtt 0.12 (all read in its source): it deletes or hands over an existing session *before* it
authenticates the newcomer, publishes last wills past the topic rules, keeps retained messages without bound, reads
packets of up to 256 MB, never drops a connection whose keep-alive has run out, and queues what it cannot hand on yet
without bound. So the CONNECT is judged here, wills, retained messages, lasting sessions and QoS 2 are refused, a silent
connection ends, and nobody is read from while the broker is behind.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from amqtt.adapters import ReaderAdapter  # type: ignore[import-untyped]  # amqtt ships no py.typed marker
from tracewire.errors import Rejected

from edge.config import MAX_PACKET_BYTES

CONNECT, PUBLISH = 1, 3
FIRST_PACKET_SECONDS = 10.0
"""A TLS peer that says nothing for this long is not a device."""
UNSTATED_KEEP_ALIVE_SECONDS = 300
"""Used when a client asks for no keep-alive: half-open connections must end some time."""
GRACE = 1.5
"""MQTT 3.1.1 §3.1.2.10: the server waits one and a half keep-alive periods."""
BURST_SECONDS = 2.0
"""How much of its share a device may say at once before the pace holds; slower reading lets TCP hold it back."""
BEHIND_SECONDS = 0.01
"""How often a connection that is not read from looks whether the broker has caught up."""
_READ_BYTES = 4096
_FLAG_CLEAN_SESSION, _FLAG_WILL = 0x02, 0x04


@dataclass(frozen=True)
class Connect:
    """The fields of a CONNECT packet that we judge."""

    level: int
    is_clean: bool
    has_will: bool
    keep_alive_s: int
    client_id: str


def read_connect(packet: bytes) -> Connect:
    """Return the fields of a CONNECT packet (MQTT 3.1.1 §3.1); ``Rejected("mqtt.connect")`` when it is not one."""
    _, start = remaining_length(packet)
    try:
        name_end = start + 2 + int.from_bytes(packet[start : start + 2], "big")
        if packet[0] >> 4 != CONNECT or packet[start + 2 : name_end] != b"MQTT":
            raise Rejected("mqtt.connect", "the first packet must be an MQTT 3.1.1 CONNECT")
        level, flags = packet[name_end], packet[name_end + 1]
        keep_alive_s = int.from_bytes(packet[name_end + 2 : name_end + 4], "big")
        if level != 4:
            raise Rejected("mqtt.level", f"protocol level {level}, only 4 (3.1.1) is spoken here")
        id_start = name_end + 6
        id_end = id_start + int.from_bytes(packet[name_end + 4 : id_start], "big")
        client_id = packet[id_start:id_end].decode()
    except (IndexError, UnicodeDecodeError) as broken:
        raise Rejected("mqtt.connect", "malformed CONNECT") from broken
    return Connect(level, bool(flags & _FLAG_CLEAN_SESSION), bool(flags & _FLAG_WILL), keep_alive_s, client_id)


def judge_connect(connect: Connect, name: str) -> None:
    """Raise ``Rejected("access.…")`` unless this CONNECT may open a session for the certificate's ``name``."""
    if connect.client_id != name:
        raise Rejected("access.client_id", f"{name} must use its own name as client id")
    if not connect.is_clean:
        raise Rejected("access.session", f"{name} asks for a lasting session; durability is in its journal")
    if connect.has_will:
        raise Rejected("access.will", f"{name} brings a last will")


def remaining_length(buffer: bytes | bytearray) -> tuple[int, int]:
    """Return (remaining length, offset of what follows) of a fixed header, or (-1, 0) while it is incomplete."""
    value = 0
    for index in range(1, 5):
        if index >= len(buffer):
            return -1, 0
        value |= (buffer[index] & 0x7F) << (7 * (index - 1))
        if not buffer[index] & 0x80:
            return value, index + 1
    raise Rejected("mqtt.length", "malformed remaining length")


class PacketGate(ReaderAdapter):  # type: ignore[misc]  # the base is untyped, see the import
    """A reader for amqtt that hands out only packets which passed; anything else ends the stream.

    Safe to cancel at any await: what was read stays in ``_arrived`` (amqtt cancels reads at its own keep-alive).
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        on_refusal: Callable[[Rejected], None],
        packets_per_second: int,
        is_behind: Callable[[], bool],
    ) -> None:
        self._packets_per_second = packets_per_second
        self._is_behind = is_behind
        self.is_paced = True
        """False for the gateway's own connection, which carries everybody's messages."""
        self._reader = reader
        self._on_refusal = on_refusal
        self._arrived = bytearray()
        self._passed = bytearray()
        self._silence_s = FIRST_PACKET_SECONDS
        self._last_packet = asyncio.get_running_loop().time()
        self._is_closed = False
        self._next_due = 0.0

    async def connect_packet(self) -> Connect:
        """Return the CONNECT and queue its bytes for amqtt; ``Rejected`` when none comes or it is malformed."""
        packet = await self._next_packet()
        connect = read_connect(packet)
        self._silence_s = (connect.keep_alive_s or UNSTATED_KEEP_ALIVE_SECONDS) * GRACE
        self._passed += packet
        return connect

    async def read(self, n: int = -1) -> bytes:
        """Return ``n`` bytes of admitted packets, fewer at the end of the stream (which amqtt takes as closed)."""
        while len(self._passed) < n and not self._is_closed:
            try:
                await self._keep_pace()
                packet = await self._next_packet()
                _judge_packet(packet)
            except Rejected as refusal:
                self._is_closed = True
                self._on_refusal(refusal)
                break
            self._passed += packet
        taken = bytes(self._passed[:n])
        del self._passed[:n]
        return taken

    def feed_eof(self) -> None:
        """Pass the end of the stream on."""
        self._reader.feed_eof()

    async def _next_packet(self) -> bytes:
        """Return one whole packet; ``Rejected`` when it is too large, or on silence, or at the end."""
        while True:
            if self._arrived:
                length, start = remaining_length(self._arrived)
                if length > MAX_PACKET_BYTES:
                    raise Rejected("mqtt.size", f"a packet of {length} bytes")
                if 0 <= length <= len(self._arrived) - start:
                    packet = bytes(self._arrived[: start + length])
                    del self._arrived[: start + length]
                    self._last_packet = asyncio.get_running_loop().time()
                    return packet
            self._arrived += await self._receive()

    async def _keep_pace(self) -> None:
        """Wait until this connection may say more; nothing is refused, it is only read later."""
        now = asyncio.get_running_loop().time()
        self._next_due = max(self._next_due, now - BURST_SECONDS) + 1 / self._packets_per_second
        if self.is_paced and self._next_due > now:
            await asyncio.sleep(self._next_due - now)
        while self.is_paced and self._is_behind():
            await asyncio.sleep(BEHIND_SECONDS)

    async def _receive(self) -> bytes:
        try:
            async with asyncio.timeout_at(self._last_packet + self._silence_s):
                arrived = await self._reader.read(_READ_BYTES)
        except TimeoutError as silence:
            raise Rejected("mqtt.silence", "keep-alive ran out") from silence
        except OSError as broken:
            raise Rejected("mqtt.closed", "connection lost") from broken
        if not arrived:
            raise Rejected("mqtt.closed", "connection closed by the peer")
        return arrived


def _judge_packet(packet: bytes) -> None:
    kind, flags = packet[0] >> 4, packet[0] & 0x0F
    if kind == PUBLISH and flags & 0x01:
        raise Rejected("mqtt.retain", "retained messages are not kept here")
    if kind == PUBLISH and flags >> 1 & 0x03 > 1:
        raise Rejected("mqtt.qos", "QoS 2 is not spoken here")
