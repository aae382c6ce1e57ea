"""MQTT 3.1.1 packets as bytes: encode what a device says, decode what a broker answers. No sockets, no clock.

Why our own: of the two common MicroPython clients one never wraps packet identifiers and blocks for ever at publication
65,536, the other never connects again after "session present". Section numbers are those of the OASIS standard.
Every malformed input is ``Rejected("mqtt.…")``: the link is dropped and made anew, the device goes on.
"""

import struct

from tracewire.errors import Misuse, Rejected

MAX_BODY_BYTES = 4096 + 256  # a receipt of spec 2.6, a topic and the packet identifier
_LARGEST_REMAINING = 268435455  # section 2.2.3

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 13, 14

PING = b"\xc0\x00"
GOODBYE = b"\xe0\x00"

ACCEPTED = 0
REFUSED_IDENTIFIER, REFUSED_CREDENTIALS, REFUSED_AUTHORIZATION = 2, 4, 5
"""CONNACK codes (section 3.2.2.3) that no amount of trying changes: the device is not (any longer) welcome."""


def connect(client: str, keep_alive_s: int) -> bytes:
    """Return CONNECT with a clean session: the durable queue is the journal, not the broker's memory (section 3.1)."""
    head = _text("MQTT") + struct.pack(">BBH", 4, 0x02, keep_alive_s)
    return _packet(CONNECT << 4, (head, _text(client)))


def publish(topic: str, payload: bytes, packet_id: int, duplicate: bool = False) -> bytes:
    """Return PUBLISH with QoS 1 (section 3.3)."""
    flags = 0x02 | (0x08 if duplicate else 0)
    return _packet(PUBLISH << 4 | flags, (_text(topic), struct.pack(">H", packet_id), payload))


def puback(packet_id: int) -> bytes:
    """Return PUBACK for a packet that was received with QoS 1 (section 3.4)."""
    return struct.pack(">BBH", PUBACK << 4, 2, packet_id)


def subscribe(topic: str, packet_id: int) -> bytes:
    """Return SUBSCRIBE to one topic with QoS 1 (section 3.8)."""
    return _packet(SUBSCRIBE << 4 | 2, (struct.pack(">H", packet_id), _text(topic), b"\x01"))


class Packet:
    """One packet from the broker: ``kind`` and what that kind carries, other attributes empty.

    ``code`` is the return code of CONNACK or SUBACK; ``packet_id`` is 0 for a PUBLISH with QoS 0.
    """

    def __init__(self, kind: int, packet_id: int = 0, code: int = 0, topic: str = "", payload: bytes = b"") -> None:
        self.kind = kind
        self.packet_id = packet_id
        self.code = code
        self.topic = topic
        self.payload = payload


class Decoder:
    """Turns a stream into packets within one buffer of fixed size, made once: later the heap may have no such piece.

    Read into ``free()``, say how much came with ``received``, take packets with ``next_packet`` until it is ``None``.
    """

    def __init__(self, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._max_body_bytes = max_body_bytes
        self._buffer = bytearray(max_body_bytes + 5)
        self._view = memoryview(self._buffer)
        self._start = 0
        self._end = 0

    def reset(self) -> None:
        """Forget a stream that has ended."""
        self._start = self._end = 0

    def free(self) -> "memoryview":
        """Return the part of the buffer to read into; never empty after ``next_packet`` returned ``None``."""
        if self._start:
            kept = self._end - self._start
            self._view[:kept] = self._view[self._start : self._end]  # moves in place
            self._start, self._end = 0, kept
        return self._view[self._end :]

    def received(self, count: int) -> None:
        """Take the first ``count`` bytes of what ``free`` returned as read."""
        if not 0 <= count <= len(self._buffer) - self._end:
            raise Misuse("mqtt.buffer")
        self._end += count

    def next_packet(self) -> "Packet | None":
        """Return the next whole packet, ``None`` when more bytes are needed; ``Rejected("mqtt.…")`` when it is bad."""
        if self._start < self._end:
            _check_first(self._buffer[self._start])  # before waiting for a body that will never come
        length = shift = 0
        position = self._start + 1
        while True:  # remaining length, section 2.2.3
            if position >= self._end:
                return None
            digit = self._buffer[position]
            position += 1
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                break
            if shift > 21:
                raise Rejected("mqtt.length", "a length of more than four bytes")
        if length > self._max_body_bytes:
            raise Rejected("mqtt.size", "%d bytes, at most %d" % (length, self._max_body_bytes))
        if self._end - position < length:
            return None
        first = self._buffer[self._start]
        body = bytes(self._view[position : position + length])
        self._start = position + length
        return decode(first, body)


def decode(first: int, body: bytes) -> Packet:
    """Return the packet with this first byte and body; ``Rejected("mqtt.…")`` unless a broker may send exactly this."""
    _check_first(first)
    kind = first >> 4
    if kind == PUBLISH:
        return _decode_publish(first & 15, body)
    if len(body) != (0, 2, 3)[(kind != PINGRESP) + (kind == SUBACK)]:
        raise Rejected("mqtt.body", "kind %d with %d bytes" % (kind, len(body)))
    if kind == PINGRESP:
        return Packet(kind)
    if kind == CONNACK:
        if body[0] > 1:  # "session present" may be set although we ask for a clean one: tolerated, and ignored
            raise Rejected("mqtt.flags", "CONNACK flags %02x" % body[0])
        return Packet(kind, code=body[1])
    packet_id = _packet_id(body, 0)
    return Packet(kind, packet_id, body[2] if kind == SUBACK else 0)


def _check_first(first: int) -> None:
    kind = first >> 4
    if kind != PUBLISH and (first & 15 or kind not in (CONNACK, PUBACK, SUBACK, PINGRESP)):
        raise Rejected("mqtt.kind", "first byte %02x" % first)


def _decode_publish(flags: int, body: bytes) -> Packet:
    quality = flags >> 1 & 3
    if quality > 1:  # we subscribe with QoS 1, so nothing above it may come (section 3.8.4)
        raise Rejected("mqtt.quality", "QoS %d" % quality)
    if len(body) < 2:
        raise Rejected("mqtt.body", "no topic")
    end = 2 + (body[0] << 8 | body[1])
    if end + 2 * quality > len(body):
        raise Rejected("mqtt.body", "the topic is longer than the packet")
    try:
        topic = str(body[2:end], "utf-8")
    except UnicodeError:
        raise Rejected("mqtt.topic", "not UTF-8")
    packet_id = _packet_id(body, end) if quality else 0
    return Packet(PUBLISH, packet_id, 0, topic, body[end + 2 * quality :])


def _packet_id(body: bytes, offset: int) -> int:
    packet_id = body[offset] << 8 | body[offset + 1]
    if packet_id == 0:
        raise Rejected("mqtt.packet_id", "zero is no packet identifier")
    return packet_id


def _text(text: str) -> bytes:
    encoded = text.encode()
    if len(encoded) > 65535:
        raise Misuse("mqtt.text")
    return struct.pack(">H", len(encoded)) + encoded


def _packet(first: int, parts: "tuple[bytes, ...]") -> bytes:
    remaining = sum([len(part) for part in parts])
    if remaining > _LARGEST_REMAINING:
        raise Misuse("mqtt.size")
    header = bytearray((first,))
    while remaining > 127:
        header.append(remaining & 0x7F | 0x80)
        remaining >>= 7
    header.append(remaining)
    return bytes(header) + b"".join(parts)


class PacketIds:
    """Packet identifiers 1 to 65535 in a circle: never 0, never one that is still in flight (section 2.3.1)."""

    def __init__(self, last: int = 0) -> None:
        self._last = last
        self.in_flight: "set[int]" = set()

    def take(self) -> int:
        """Return a free identifier and mark it in flight."""
        if len(self.in_flight) >= 65535:
            raise Misuse("mqtt.packet_ids", "all are in flight")
        candidate = self._last % 65535 + 1
        while candidate in self.in_flight:
            candidate = candidate % 65535 + 1
        self._last = candidate
        self.in_flight.add(candidate)
        return candidate

    def give_back(self, packet_id: int) -> bool:
        """Mark an identifier as free; tells whether it was in flight at all."""
        if packet_id not in self.in_flight:
            return False
        self.in_flight.remove(packet_id)
        return True
