"""The device's MQTT client on the real interpreter against real brokers, over real TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firmware.brokers import AmqttBroker, Authority, Gateway, ScriptedBroker
from tests.firmware.device_process import DeviceProcess

CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"
DOWN = "cx/1/scale-0001/down"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def device_at(
    directory: Path, port: int, count: int = 0, server_name: str = "gateway-test", **environment: str
) -> DeviceProcess:
    return DeviceProcess("device_mqtt.py", str(port), str(directory), str(count), server_name, **environment)


@pytest.fixture
def broker(authority: Authority) -> Iterator[AmqttBroker]:
    with AmqttBroker(authority) as running:
        yield running


def test_hundreds_of_publications_arrive_in_order_and_receipts_come_down(
    authority: Authority, broker: AmqttBroker
) -> None:
    gateway = Gateway(authority, broker.port)
    with device_at(authority.directory, broker.port, 300) as device:
        assert [gateway.messages.get(timeout=15) for _ in range(300)] == [
            b"message %d" % number for number in range(1, 301)
        ]
        gateway.send(b"r" * 4096)
        assert device.await_line("heard") == f"heard {DOWN} 4096 b'rrrrrrrr'"
    gateway.close()


def test_a_broker_that_was_stopped_and_started_again_is_found_again(authority: Authority, broker: AmqttBroker) -> None:
    with device_at(authority.directory, broker.port) as device:
        device.await_line("online")
        broker.stop()
        device.await_line("failure")
        broker.start()
        device.await_line("online")
        gateway = Gateway(authority, broker.port)
        gateway.send(b"welcome")
        device.await_line("heard")
        gateway.close()


def test_a_quiet_link_is_kept_alive(authority: Authority, broker: AmqttBroker) -> None:
    gateway = Gateway(authority, broker.port)
    with device_at(authority.directory, broker.port) as device:
        device.await_line("online")
        assert device.is_quiet_for(3)  # keep-alive times, without a failure
        gateway.send(b"still there")
        device.await_line("heard")
    gateway.close()


def test_a_broker_that_accepts_and_falls_silent_is_left(authority: Authority) -> None:
    for answers in ([], [CONNACK], [CONNACK, SUBACK]):
        with ScriptedBroker(authority, answers) as silent, device_at(authority.directory, silent.port, 3) as device:
            assert device.await_line("failure") == "failure mqtt.silent waiting"
            device.await_line("failure mqtt.silent")


@pytest.mark.parametrize(
    ("answers", "code", "state"),
    [
        ([b"\x20\x02\x00\x05"], "mqtt.refused", "refused"),
        ([b"\x20\x02\x00\x03"], "mqtt.busy", "waiting"),
        ([CONNACK, b"\x90\x03\x00\x01\x80"], "mqtt.refused", "refused"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], "mqtt.kind", "waiting"),
        ([CONNACK, b"\x90\x03\x00\x07\x01"], "mqtt.order", "waiting"),
        ([CONNACK, SUBACK + b"\x32\xff\xff\x03"], "mqtt.size", "waiting"),
        ([CONNACK, SUBACK + b"\x40\x02\x12\x34"], "mqtt.packet_id", "waiting"),
        ([CONNACK, SUBACK + b"\x30\x04\x00\x02\xff\xfe"], "mqtt.topic", "waiting"),
    ],
)
def test_what_a_broker_may_not_say_ends_the_link_and_not_the_device(
    authority: Authority, answers: list[bytes], code: str, state: str
) -> None:
    with ScriptedBroker(authority, answers) as broker, device_at(authority.directory, broker.port) as device:
        assert device.await_line("failure") == f"failure {code} {state}"
        device.await_line("failure")
        assert device.is_running


def test_session_present_is_tolerated(authority: Authority) -> None:
    answers = [b"\x20\x02\x01\x00", SUBACK]
    with ScriptedBroker(authority, answers) as broker, device_at(authority.directory, broker.port) as device:
        device.await_line("online")


def test_a_broker_of_another_name_or_another_authority_is_not_spoken_to(
    authority: Authority, tmp_path: Path, broker: AmqttBroker
) -> None:
    with device_at(authority.directory, broker.port, server_name="gateway-other") as device:
        assert device.await_line("failure") == "failure mqtt.refused refused"
    stranger = Authority(tmp_path)
    with device_at(stranger.directory, broker.port) as device:
        assert device.await_line("failure") == "failure mqtt.refused refused"


def test_nobody_there_is_waited_for(authority: Authority, broker: AmqttBroker) -> None:
    broker.stop()
    with device_at(authority.directory, broker.port) as device:
        assert device.await_line("failure") == "failure mqtt.link waiting"
        broker.start()
        device.await_line("online")


@pytest.mark.parametrize("years", [-26, 26])
def test_a_certificate_is_judged_by_the_clock_of_the_device(
    authority: Authority, broker: AmqttBroker, years: int
) -> None:
    offset = {"CHENGXIN_CLOCK_OFFSET_MS": str(years * 365 * 86_400_000)}
    with device_at(authority.directory, broker.port, **offset) as device:
        assert device.await_line("failure") == "failure mqtt.refused refused"
