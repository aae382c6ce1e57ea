"""A device's connection as a real MQTT client over mutual TLS, with the words a test asks in.

with DeviceLink(site, "scale-0001") as link:
    link.say(site.seal("scale-0001"))
    receipt = link.next_receipt()
"""

import queue
import socket
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from tracewire import cose, feed, receipt, topics
from tracewire.p256 import VerifyingKey

PATIENCE_SECONDS = 15.0


class DeviceLink:
    """One connection; ``code`` is the broker's CONNACK, None when TLS or the broker hung up before one came."""

    def __init__(
        self,
        port: int,
        directory: Path,
        name: str,
        *,
        client_id: str | None = None,
        is_clean: bool = True,
        keeper: VerifyingKey | None = None,
        keep_alive_s: int = 30,
    ) -> None:
        self.name = name
        self._keep_alive_s = keep_alive_s
        self._port = port
        self._keeper = keeper
        self._heard: queue.Queue[bytes] = queue.Queue()
        self._granted: queue.Queue[bool] = queue.Queue()
        self._decided = threading.Event()
        self.ended = threading.Event()
        self.code: str | None = None
        self.is_session_present = False
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=name if client_id is None else client_id,
            clean_session=is_clean,
            reconnect_on_failure=False,
        )
        self.client.tls_set_context(device_context(directory))
        self.client.on_connect = self._connected
        self.client.on_disconnect = self._disconnected
        self.client.on_subscribe = self._subscribed
        self.client.on_message = self._message
        self.client.on_socket_open = _send_at_once

    def connect(self) -> "DeviceLink":
        """Try once; look at ``code`` afterwards."""
        try:
            self.client.connect("127.0.0.1", self._port, keepalive=self._keep_alive_s)
        except (ssl.SSLError, OSError):
            self.ended.set()
            return self
        self.client.loop_start()
        assert self._decided.wait(PATIENCE_SECONDS)
        return self

    def __enter__(self) -> Self:
        self.connect()
        assert self.code == "Success", self.code
        assert self.listen(topics.down(self.name))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye and stop the client's thread."""
        self.client.disconnect()
        self.client.loop_stop()

    def listen(self, topic: str) -> bool:
        """Subscribe; return whether the broker granted it."""
        self.client.subscribe(topic, qos=1)
        return self._granted.get(timeout=PATIENCE_SECONDS)

    def say(self, payload: bytes, topic: str | None = None) -> None:
        """Publish with QoS 1 and wait for the broker's PUBACK, which means nothing."""
        message = self.client.publish(topic or topics.up(self.name), payload, qos=1)
        message.wait_for_publish(PATIENCE_SECONDS)

    def is_kept_out(self) -> bool:
        """Tell whether the broker refused the connection, or took it and ended it at once."""
        return self.code != "Success" or self.ended.wait(PATIENCE_SECONDS)

    def next_message(self, timeout_s: float = PATIENCE_SECONDS) -> bytes:
        """Return the next payload that came down; ``queue.Empty`` when none does."""
        return self._heard.get(timeout=timeout_s)

    def next_receipt(self, level: int = receipt.GATEWAY) -> receipt.Receipt:
        """Return the next receipt of this keeper level; a gateway's is opened under the gateway's key."""
        while True:
            sealed = self.next_message()
            payload = cose.parse(sealed).payload
            if feed.is_statement(payload):
                continue
            opened = receipt.decode(payload)
            if opened.keeper == level:
                if level == receipt.GATEWAY and self._keeper is not None:
                    cose.open(sealed, cose.RECEIPT, self._keeper)
                return opened

    def next_statement(self, kind: int) -> tuple[bytes, feed.Statement]:
        """Return the next statement of this kind, as sealed and as read; whose seal it is, the test asks."""
        while True:
            sealed = self.next_message()
            payload = cose.parse(sealed).payload
            if feed.is_statement(payload) and feed.decode(payload).kind == kind:
                return sealed, feed.decode(payload)

    def receipt_to(self, seq: int, level: int = receipt.GATEWAY) -> receipt.Receipt:
        """Return the first receipt of ``level`` that covers ``seq``."""
        while True:
            found = self.next_receipt(level)
            if found.seq_from <= seq <= found.seq_to:
                return found

    def _connected(self, _client: paho.Client, _data: Any, flags: Any, code: Any, _properties: Any) -> None:
        self.code = str(code)
        self.is_session_present = flags.session_present
        self._decided.set()

    def _disconnected(self, _client: paho.Client, _data: Any, _flags: Any, _code: Any, _properties: Any) -> None:
        self._decided.set()
        self.ended.set()

    def _subscribed(self, _client: paho.Client, _data: Any, _id: int, codes: Any, _properties: Any) -> None:
        self._granted.put(not any(code.is_failure for code in codes))

    def _message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self._heard.put(bytes(message.payload))


def _send_at_once(_client: paho.Client, _data: Any, connection: socket.socket) -> None:
    """Switch Nagle's algorithm off, as the firmware's client does."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def device_context(directory: Path) -> ssl.SSLContext:
    """Return a device's TLS 1.2 context, as MicroPython's mbedTLS would speak."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(directory / "server_ca.pem")
    if (directory / "client_cert.pem").exists():
        context.load_cert_chain(directory / "client_cert.pem", directory / "tls_key.pem")
    return context
