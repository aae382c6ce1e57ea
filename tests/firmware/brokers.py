"""Brokers for the device's MQTT tests: amqtt with real TLS, and a scripted one that misbehaves.

with AmqttBroker(authority) as broker: ...      # broker.port; stop() and start() keep the port
with ScriptedBroker(authority, [b"\\x20\\x02\\x00\\x00"]) as broker: ...   # answers once, then is silent
"""

import asyncio
import contextlib
import datetime
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import paho.mqtt.client as paho
from amqtt.broker import Broker
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from simulators.ports import free_port


class Authority:
    """A throw-away P-256 CA with a server and a device certificate, in PEM for the broker and DER for the device."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test CA")])
        self._write("ca", self._certificate("test CA", self._key, is_ca=True), self._key)
        for name in ("server", "client"):
            key = ec.generate_private_key(ec.SECP256R1())
            common_name = "gateway-test" if name == "server" else "scale-0001"
            self._write(name, self._certificate(common_name, key), key)

    def server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.directory / "ca.pem"))
        context.load_cert_chain(self.directory / "server.pem", self.directory / "server_key.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _certificate(self, name: str, key: ec.EllipticCurvePrivateKey, *, is_ca: bool = False) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        names = [x509.DNSName("gateway-test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _write(self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        for encoding, suffix in ((serialization.Encoding.PEM, "pem"), (serialization.Encoding.DER, "der")):
            (self.directory / f"{name}.{suffix}").write_bytes(certificate.public_bytes(encoding))
            (self.directory / f"{name}_key.{suffix}").write_bytes(
                key.private_bytes(
                    encoding, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
                )
            )


class AmqttBroker:
    """amqtt in a thread of its own, TLS only."""

    def __init__(self, authority: Authority) -> None:
        self.port = free_port()
        folder = authority.directory
        self._config: dict[str, Any] = {
            "listeners": {
                "default": {
                    "type": "tcp",
                    "bind": f"127.0.0.1:{self.port}",
                    "ssl": True,
                    "cafile": str(folder / "ca.pem"),
                    "certfile": str(folder / "server.pem"),
                    "keyfile": str(folder / "server_key.pem"),
                }
            },
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self) -> None:
        async def begin() -> Broker:
            broker = Broker(self._config, loop=self._loop)
            await broker.start()
            return broker

        self._broker = asyncio.run_coroutine_threadsafe(begin(), self._loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._broker.shutdown(), self._loop).result(10)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):  # a test may have stopped it
            self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


class ScriptedBroker:
    """Accepts every connection over TLS; after each packet that comes sends the next answer; then only listens."""

    def __init__(self, authority: Authority, answers: list[bytes]) -> None:
        self._answers = answers
        self._context = authority.server_context()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []

    def _accept(self) -> Iterator[ssl.SSLSocket]:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(plain)
            with contextlib.suppress(OSError):
                yield self._context.wrap_socket(plain, server_side=True)

    def _serve(self) -> None:
        for connection in self._accept():
            self._open.append(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: ssl.SSLSocket) -> None:
        with contextlib.suppress(OSError):
            for answer in self._answers:
                connection.recv(4096)
                connection.sendall(answer)
            while connection.recv(4096):
                pass

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()


class Gateway:
    """A subscriber beside the device: what arrives, and a way down."""

    def __init__(self, authority: Authority, port: int) -> None:
        self.messages: queue.Queue[bytes] = queue.Queue()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, "gateway")
        self._client.tls_set(
            str(authority.directory / "ca.pem"),
            str(authority.directory / "client.pem"),
            str(authority.directory / "client_key.pem"),
            tls_version=ssl.PROTOCOL_TLS_CLIENT,
        )
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.on_message = lambda _client, _data, message: self.messages.put(message.payload)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe("cx/1/scale-0001/up", 1)
        assert subscribed.wait(10)

    def send(self, payload: bytes) -> None:
        self._client.publish("cx/1/scale-0001/down", payload, qos=1).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
