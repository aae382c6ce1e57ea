"""What the gateway is told: one frozen object, read once from ``gateway.toml``, checked before anything starts.

Why strict: a misspelt key that is silently ignored is a gateway that runs with another limit than its keeper believes.
Raises ``Misuse`` with a sentence a person can act on.
"""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tracewire.errors import Misuse

FILE_NAME = "gateway.toml"
MOSQUITTO_FILE = "mosquitto.conf"
EMBEDDED, MOSQUITTO = BROKERS = ("embedded", "mosquitto")
FIRMWARE_DIRECTORY = "firmware"
"""Under the gateway's directory: a folder for each model of device, with its newest release in it."""
MAX_RECORD_BYTES = 4096
"""Spec: no sealed record is longer; what is longer goes to quarantine unread."""
MAX_PACKET_BYTES = 8192
"""Largest MQTT packet the embedded broker reads; beyond it the connection is closed, so nobody can fill our memory."""

NODE_FILES = (
    "record.key",
    "tls_key.pem",
    "client_cert.pem",
    "server_cert.pem",
    "device_ca.pem",
    "server_ca.pem",
    "crl.pem",
    "root.point",
    "registry.cose",
)
"""What ``chengxin device enrol`` writes into a host node's directory (architecture, section 4)."""


@dataclass(frozen=True)
class GatewayConfig:
    """The gateway's settings. Times in milliseconds, sizes in bytes, unless the name says otherwise."""

    directory: Path
    """Where keys, certificates, registry and outbox live; set by ``load``, not by the file."""
    cloud_url: str
    """``https://host:port`` of the cloud; ``/v1/records`` is added."""
    broker: str = "embedded"
    """``embedded``: amqtt in this process. ``mosquitto``: Mosquitto beside it, as ``init`` configured it."""
    broker_pid_file: str = ""
    """Where Mosquitto writes its process id, to be told to read its files again. Empty where the service manager tells
    it (``chengxin-broker-reload.path``), because there it runs as another user."""
    mqtt_listen_host: str = "0.0.0.0"  # noqa: S104  # devices are other machines; mutual TLS guards the port
    """Where the broker listens."""
    mqtt_host: str = "127.0.0.1"
    """Where the gateway itself finds the broker; must be a name in the broker's certificate."""
    mqtt_port: int = 8883
    """TLS only; there is no plain listener."""
    status_port: int = 9464
    """Loopback HTTP with the status page and ``/metrics``."""
    firmware_port: int = 0
    """HTTPS for devices that fetch a release from ``DIR/firmware``; 0 serves none."""
    batch_records: int = 500
    """Most records in one envelope to the cloud, and in one commit of the outbox."""
    batch_bytes: int = 1 << 20
    """Most sealed bytes in one envelope."""
    device_packets_per_second: int = 500
    """Share of one device at the embedded broker, sustained: a backlog of a day drains in minutes, and nobody crowds
    the others out."""
    waiting_limit: int = 10_000
    """Deliveries held in memory while the disk is full; more are dropped unacknowledged and come again."""
    outbox_max_bytes: int = 0
    """Largest outbox file; 0 leaves it to the disk. A full outbox stops acknowledging, it never drops."""
    remembered_records: int = 20_000
    """Digests remembered per device, to tell a repeat from a fork after the bytes went to the cloud."""
    quarantined_per_sender: int = 10_000
    """Refused byte strings kept per sender; more are only counted, so that no noise fills the disk. Sealed ones are
    evidence, and always kept."""
    cloud_timeout_ms: int = 30_000
    """Longest wait for the cloud's answer; a late answer counts as none."""
    link_retry_ms: int = 500
    """First pause after the cloud could not be reached; doubles."""
    link_retry_max_ms: int = 60_000
    """Longest such pause: a cloud that comes back is used within a minute."""
    refusal_retry_ms: int = 5_000
    """First pause after the cloud answered, but not with a valid answer; doubles."""
    refusal_retry_max_ms: int = 900_000
    """Longest such pause: asking more often would not mend a wrong key."""
    feed_poll_ms: int = 5_000
    """How often the cloud is asked for news to the devices: a freeze must reach a scale that is online in a minute."""
    feed_remind_ms: int = 60_000
    """When a device is first told again what it was told; the pause doubles, up to an hour."""
    refresh_ms: int = 2_000
    """How often the registry and the revocation list are looked at for a change."""

    @property
    def outbox_path(self) -> Path:
        """The store of step 6."""
        return self.directory / "outbox.sqlite"

    @property
    def feed_path(self) -> Path:
        """What the cloud said last to each device; may be deleted, and is asked for again."""
        return self.directory / "feed.sqlite"

    @property
    def broker_directory(self) -> Path:
        """What Mosquitto reads and writes; nothing else of the gateway's is open to it."""
        return self.directory / "broker"

    def path(self, name: str) -> Path:
        """Return the path of one of ``NODE_FILES``."""
        return self.directory / name

    def check_files(self) -> None:
        """Raise ``Misuse`` naming every file that is missing: better than starting and failing at the first device."""
        missing = [name for name in NODE_FILES if not self.path(name).is_file()]
        if missing:
            raise Misuse(
                "gateway.files",
                f"{self.directory} lacks {', '.join(missing)}; write them with `chengxin device enrol NAME "
                f"--role gateway --dir {self.directory}`",
            )
        if not self.outbox_path.is_file():
            raise Misuse(
                "gateway.store",
                f"there is no outbox in {self.directory}; create it once with `chengxin gateway init --dir "
                f"{self.directory}`",
            )


_ABOVE_ZERO = (
    "batch_records",
    "batch_bytes",
    "waiting_limit",
    "remembered_records",
    "feed_poll_ms",
    "feed_remind_ms",
    "refresh_ms",
    "device_packets_per_second",
)


def load(directory: Path) -> GatewayConfig:
    """Read ``DIR/gateway.toml``; ``Misuse`` when it is missing, unreadable, or has a key or type we do not know."""
    path = directory / FILE_NAME
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as absent:
        raise Misuse(
            "config.missing",
            f"there is no {path}; create it with `chengxin gateway init --dir {directory} --cloud-url URL`",
        ) from absent
    except (OSError, ValueError) as broken:
        raise Misuse("config.unreadable", f"{path}: {broken}") from broken
    _check_types(path, settings)
    if "cloud_url" not in settings:
        raise Misuse("config.cloud_url", f"{path} does not say where the cloud is (cloud_url)")
    config = GatewayConfig(directory=directory, **settings)
    _check_values(path, config)
    return config


def _check_types(path: Path, settings: dict[str, Any]) -> None:
    expected = {field.name: field.type for field in fields(GatewayConfig) if field.name != "directory"}
    for name, value in settings.items():
        if name not in expected:
            raise Misuse("config.unknown", f"{path}: {name} is not a setting of the gateway")
        if type(value) is not expected[name]:
            raise Misuse("config.type", f"{path}: {name} must be of type {expected[name]}")


def _check_values(path: Path, config: GatewayConfig) -> None:
    if not config.cloud_url.startswith("https://"):
        raise Misuse("config.cloud_url", f"{path}: cloud_url must begin with https://")
    if config.broker not in BROKERS:
        raise Misuse("config.broker", f'{path}: broker must be "embedded" or "mosquitto"')
    for name in _ABOVE_ZERO:
        if getattr(config, name) <= 0:
            raise Misuse("config.range", f"{path}: {name} must be above 0")


def default_text(
    cloud_url: str,
    mqtt_port: int,
    status_port: int,
    broker: str = EMBEDDED,
    broker_pid_file: str = "",
    *,
    firmware_port: int = 0,
) -> str:
    """Return the ``gateway.toml`` that ``init`` writes: only what differs between sites; the rest has defaults."""
    return (
        "# Settings of this gateway; every other setting and its default is documented in edge/config.py.\n"
        f'cloud_url = "{cloud_url}"\n'
        f'broker = "{broker}"\n'
        + (f'broker_pid_file = "{broker_pid_file}"\n' if broker == MOSQUITTO and broker_pid_file else "")
        + 'mqtt_listen_host = "0.0.0.0"\n'
        f"mqtt_port = {mqtt_port}\n"
        f"status_port = {status_port}\n"
        f"firmware_port = {firmware_port}\n"
    )
