"""The device's MQTT client on the real interpreter against real brokers, over real TLS."""

import os
import queue
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho
import pytest

from tests.firmware.brokers import AmqttBroker, Authority, ScriptedBroker
from tests.interpreters import MICROPYTHON, ROOT

SEARCH_PATH = "firmware/lib:firmware/app:tests/micropython:.frozen"
CONNACK = b"\x20\x02\x00\x00"
SUBACK = b"\x90\x03\x00\x01\x01"
UP, DOWN = "cx/1/scale-0001/up", "cx/1/scale-0001/down"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


class Device:
    """The client's process; ``await_line`` waits for what it says."""

    def __init__(self, directory: Path, port: int, count: int = 0, server_name: str = "gateway-test") -> None:
        script = "tests/micropython/device_mqtt.py"
        self._process = subprocess.Popen(
            [str(MICROPYTHON), "-X", "heapsize=1M", script, str(port), str(directory), str(count), server_name],
            cwd=ROOT,
            env={**os.environ, "MICROPYPATH": SEARCH_PATH},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.said: list[str] = []

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.strip())

    def await_line(self, beginning: str) -> str:
        while True:
            try:
                line = self._lines.get(timeout=15)
            except queue.Empty:
                pytest.fail(f"never said {beginning!r}, but {self.said[-20:]}")
            self.said.append(line)
            if line.startswith(beginning):
                return line

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(5)
        assert self._process.stdout is not None
        self._process.stdout.close()


class Gateway:
    """A subscriber beside the device: what arrives, and a way down."""

    def __init__(self, authority: Authority, port: int) -> None:
        self.messages: queue.Queue[str] = queue.Queue()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, "gateway")
        self._client.tls_set(
            str(authority.directory / "ca.pem"),
            str(authority.directory / "client.pem"),
            str(authority.directory / "client_key.pem"),
            tls_version=ssl.PROTOCOL_TLS_CLIENT,
        )
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.on_message = lambda _client, _data, message: self.messages.put(message.payload.decode())
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe(UP, 1)
        assert subscribed.wait(10)

    def collect(self, count: int) -> list[str]:
        return [self.messages.get(timeout=20) for _ in range(count)]

    def send(self, payload: bytes) -> None:
        self._client.publish(DOWN, payload, qos=1).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def broker(authority: Authority) -> Iterator[AmqttBroker]:
    with AmqttBroker(authority) as running:
        yield running


def test_hundreds_of_publications_arrive_in_order_and_receipts_come_down(
    authority: Authority, broker: AmqttBroker
) -> None:
    gateway = Gateway(authority, broker.port)
    with Device(authority.directory, broker.port, 300) as device:
        assert gateway.collect(300) == [f"message {number}" for number in range(1, 301)]
        gateway.send(b"r" * 4096)
        assert device.await_line("heard") == f"heard {DOWN} 4096 b'rrrrrrrr'"
    gateway.close()


def test_a_broker_that_was_stopped_and_started_again_is_found_again(authority: Authority, broker: AmqttBroker) -> None:
    with Device(authority.directory, broker.port) as device:
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
    with Device(authority.directory, broker.port) as device:
        device.await_line("online")
        with pytest.raises(queue.Empty):  # three keep-alive times of quiet, without a failure
            device._lines.get(timeout=3)
        gateway.send(b"still there")
        device.await_line("heard")
    gateway.close()


def test_a_broker_that_accepts_and_falls_silent_is_left(authority: Authority) -> None:
    for answers in ([], [CONNACK], [CONNACK, SUBACK]):
        with ScriptedBroker(authority, answers) as silent, Device(authority.directory, silent.port, 3) as device:
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
    with ScriptedBroker(authority, answers) as broker, Device(authority.directory, broker.port) as device:
        assert device.await_line("failure") == f"failure {code} {state}"
        device.await_line("failure")
        assert device.is_running


def test_session_present_is_tolerated(authority: Authority) -> None:
    answers = [b"\x20\x02\x01\x00", SUBACK]
    with ScriptedBroker(authority, answers) as broker, Device(authority.directory, broker.port) as device:
        device.await_line("online")


def test_a_broker_of_another_name_or_another_authority_is_not_spoken_to(
    authority: Authority, tmp_path: Path, broker: AmqttBroker
) -> None:
    with Device(authority.directory, broker.port, server_name="gateway-other") as device:
        assert device.await_line("failure") == "failure mqtt.refused refused"
    stranger = Authority(tmp_path)
    with Device(stranger.directory, broker.port) as device:
        assert device.await_line("failure") == "failure mqtt.refused refused"


def test_nobody_there_is_waited_for(authority: Authority, broker: AmqttBroker) -> None:
    broker.stop()
    with Device(authority.directory, broker.port) as device:
        assert device.await_line("failure") == "failure mqtt.link waiting"
        broker.start()
        device.await_line("online")
