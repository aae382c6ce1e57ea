"""The MQTT codec: what goes out, what may come in, and that nothing which comes in can do more than be refused."""

import pytest
from device import mqtt_packets
from device.backoff import Backoff
from device.mqtt_packets import Decoder, Packet, PacketIds, decode
from hypothesis import given
from hypothesis import strategies as st
from tracewire.errors import Misuse, Rejected


def feed(decoder: Decoder, stream: bytes, step: int) -> list[Packet]:
    packets: list[Packet] = []
    while stream:
        free = decoder.free()
        part, stream = stream[: min(step, len(free))], stream[min(step, len(free)) :]
        free[: len(part)] = part
        decoder.received(len(part))
        while (packet := decoder.next_packet()) is not None:
            packets.append(packet)
    return packets


def test_connect_asks_for_a_clean_session() -> None:
    assert mqtt_packets.connect("scale-0001", 60) == b"\x10\x16\x00\x04MQTT\x04\x02\x00\x3c\x00\x0ascale-0001"


def test_publish_subscribe_and_acknowledge_are_those_of_the_standard() -> None:
    assert mqtt_packets.publish("a/b", b"hello", 10) == b"\x32\x0c\x00\x03a/b\x00\x0ahello"
    assert mqtt_packets.publish("a/b", b"", 10, duplicate=True)[0] == 0x3A
    assert mqtt_packets.subscribe("a/b", 10) == b"\x82\x08\x00\x0a\x00\x03a/b\x01"
    assert mqtt_packets.puback(258) == b"\x40\x02\x01\x02"


@pytest.mark.parametrize(("size", "head"), [(127 - 5, 2), (128 - 5, 3), (16383 - 5, 3), (16384 - 5, 4)])
def test_the_remaining_length_grows_as_the_standard_says(size: int, head: int) -> None:
    packet = mqtt_packets.publish("a", bytes(size), 1)
    assert len(packet) == head + size + 5


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=20), st.integers(1, 700))
def test_packets_come_out_whole_however_the_stream_is_cut(payloads: list[bytes], step: int) -> None:
    stream = b"".join(mqtt_packets.publish("t", payload, 7) for payload in payloads)
    packets = feed(Decoder(600), stream, step)
    assert [packet.payload for packet in packets] == payloads
    assert all(packet.topic == "t" and packet.packet_id == 7 for packet in packets)


@given(st.binary(max_size=200), st.integers(1, 50))
def test_noise_is_refused_or_waited_for(noise: bytes, step: int) -> None:
    try:
        feed(Decoder(64), noise, step)
    except Rejected as refusal:
        assert refusal.code.startswith("mqtt.")


@given(st.integers(0, 255), st.binary(max_size=40))
def test_any_body_is_a_packet_or_refused(first: int, body: bytes) -> None:
    try:
        packet = decode(first, body)
    except Rejected as refusal:
        assert refusal.code.startswith("mqtt.")
    else:
        assert packet.kind == first >> 4


@pytest.mark.parametrize(
    ("first", "body", "code"),
    [
        (0x00, b"", "mqtt.kind"),
        (0x10, b"", "mqtt.kind"),
        (0xE0, b"", "mqtt.kind"),
        (0x21, b"\x00\x00", "mqtt.kind"),
        (0x20, b"\x00", "mqtt.body"),
        (0x20, b"\x02\x00", "mqtt.flags"),
        (0x40, b"\x00\x00", "mqtt.packet_id"),
        (0x90, b"\x00\x01", "mqtt.body"),
        (0xD0, b"\x00", "mqtt.body"),
        (0x30, b"\x00", "mqtt.body"),
        (0x30, b"\x00\x05abcd", "mqtt.body"),
        (0x32, b"\x00\x01a\x00", "mqtt.body"),
        (0x32, b"\x00\x01a\x00\x00", "mqtt.packet_id"),
        (0x34, b"\x00\x01a\x00\x01", "mqtt.quality"),
        (0x36, b"\x00\x01a\x00\x01", "mqtt.quality"),
        (0x30, b"\x00\x01\xff", "mqtt.topic"),
    ],
)
def test_each_malformed_packet_has_its_own_refusal(first: int, body: bytes, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        decode(first, body)
    assert refusal.value.code == code


def test_a_length_of_five_bytes_and_an_oversized_packet_are_refused() -> None:
    for stream, code in ((b"\x30\x80\x80\x80\x80\x01", "mqtt.length"), (b"\x30\x81\x01", "mqtt.size")):
        with pytest.raises(Rejected) as refusal:
            feed(Decoder(128), stream, 10)
        assert refusal.value.code == code


def test_identifiers_wrap_without_zero_and_skip_those_in_flight() -> None:
    identifiers = PacketIds()
    slow = identifiers.take()
    for _ in range(70_000):
        taken = identifiers.take()
        assert 0 < taken <= 65535
        assert taken != slow
        assert identifiers.give_back(taken)
    assert not identifiers.give_back(taken)
    assert identifiers.in_flight == {slow}


def test_the_identifier_after_65535_is_1() -> None:
    identifiers = PacketIds(last=65534)
    assert [identifiers.take(), identifiers.take()] == [65535, 1]


def test_more_than_every_identifier_in_flight_is_our_own_mistake() -> None:
    identifiers = PacketIds()
    for _ in range(65535):
        identifiers.take()
    with pytest.raises(Misuse):
        identifiers.take()


def test_waiting_climbs_with_jitter_and_a_refusal_waits_longer() -> None:
    limits: list[int] = []

    def draw(limit: int) -> int:
        limits.append(limit)
        return limit // 2

    backoff = Backoff(draw)
    for _ in range(9):
        backoff.fail(is_refusal=False)
    assert limits == [1000, 2000, 4000, 8000, 16000, 32000, 64000, 120000, 120000]
    backoff.succeed()
    assert backoff.fail(is_refusal=True) == 30001
    assert limits[-1] == 60000
