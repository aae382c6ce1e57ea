"""What Mosquitto 2 is told: its configuration, its access list, and copies of the files it must read.

Why copies in a directory of their own: the broker runs as another user than the gateway and must never be able to read
the record key or the outbox. ``hand_over`` renews the copies; Mosquitto reads them again on SIGHUP.

Every line of ``mosquitto.conf.template`` closes something that is open by default; the reasons stand beside the lines.
Options: mosquitto.conf(5) of Mosquitto 2.0. Raises ``Misuse`` when a file or the plugin is missing.
"""

import os
import pwd
import shutil
from pathlib import Path
from string import Template

from cryptography import x509
from cryptography.x509.oid import NameOID
from tracewire import topics
from tracewire.errors import Misuse

from edge import tls
from edge.config import MAX_PACKET_BYTES, MOSQUITTO_FILE, GatewayConfig

_TEMPLATE = Path(__file__).parent / "mosquitto.conf.template"
CONTROL_TOPIC = "$CONTROL/dynamic-security/v1"
LOG_TOPICS = "$SYS/broker/log/#"
PLUGIN_PATTERNS = ("lib/*/mosquitto_dynamic_security.so", "lib/mosquitto_dynamic_security.so")
PLUGIN_ROOTS = (Path("/usr"), Path("/usr/local"))
PRIVATE, GROUP_READS = 0o600, 0o640
_ANYBODY_DOWN = f"{topics.PREFIX}+/{topics.DOWN}"
_OWN = f"{topics.PREFIX}%u/"
"""Mosquitto puts the user name, that is the certificate's common name, for ``%u``."""

COPIED = {
    "crl.pem": "crl.pem",
    "server_cert.pem": "server_cert.pem",
    "server_key.pem": "tls_key.pem",
    "device_ca.pem": "device_ca.pem",
}
"""The broker's file, and the gateway's file it is a copy of."""


def check(config: GatewayConfig, broker_user: str, gateway_user: str) -> None:
    """Raise ``Misuse`` unless ``write`` can do its work here.

    ``broker.plugin`` where Mosquitto is not installed, ``gateway.files`` where the gateway is not enrolled yet,
    ``broker.user`` where root should give files to a user who does not exist.
    """
    own_name(config)
    _plugin()
    if os.geteuid() == 0:
        for user in (broker_user, gateway_user):
            try:
                pwd.getpwnam(user)
            except KeyError as unknown:
                raise Misuse("broker.user", f"there is no user {user}: `useradd --system {user}`") from unknown


def write(config: GatewayConfig, broker_user: str, gateway_user: str) -> None:
    """Write everything Mosquitto needs below ``config.broker_directory``; as root, give each user its own files.

    Raises what ``check`` raises. Overwrites an older configuration: it holds nothing that is nowhere else.
    """
    check(config, broker_user, gateway_user)
    name = own_name(config)
    directory = config.broker_directory
    state = directory / "state"
    state.mkdir(parents=True, exist_ok=True)
    _write(directory / MOSQUITTO_FILE, configuration_text(config, broker_user, _plugin()).encode(), GROUP_READS)
    _write(directory / "access.acl", access_text(name).encode(), GROUP_READS)
    _write(state / "dynamic-security.json", b"{}", PRIVATE)
    hand_over(config)
    if os.geteuid() == 0:
        _give_to(broker_user, gateway_user, config)


def hand_over(config: GatewayConfig) -> bool:
    """Renew the broker's copies of certificates and revocation list; return whether any of them changed.

    Each file changes in one step. A crash in between leaves some of them old; the next call finishes the work.
    Raises ``Misuse("gateway.tls")`` with nothing changed when they do not hold together: a broker that reads broken
    files again serves nobody.
    """
    fresh = {copy: _content(config.path(original)) for copy, original in COPIED.items()}
    changed = {copy: content for copy, content in fresh.items() if content != _held(config.broker_directory / copy)}
    if changed:
        tls.device_side(config)  # the same files as an embedded broker would load
        _check_chain(fresh["device_ca.pem"])
    for copy, content in changed.items():
        _write(config.broker_directory / copy, content, GROUP_READS)
    return bool(changed)


def _check_chain(authorities: bytes) -> None:
    """Mosquitto accepts no chain that ends at an intermediate authority: the root must stand behind the Device CA."""
    if not any(one.issuer == one.subject for one in x509.load_pem_x509_certificates(authorities)):
        raise Misuse("gateway.tls", "device_ca.pem holds no root: export it again with `chengxin ca export`")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as missing:
        raise Misuse("gateway.files", f"{path} is missing; enrol the gateway first") from missing


def _held(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def own_name(config: GatewayConfig) -> str:
    """Return the name in the gateway's client certificate; ``Misuse("gateway.files")`` before its enrolment."""
    path = config.path("client_cert.pem")
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as broken:
        raise Misuse("gateway.files", f"{path}: enrol the gateway first, then write the broker's files") from broken
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def access_text(gateway: str) -> str:
    """Return the access list: a device its own two topics (spec 8.1), the gateway everybody's and the broker's log."""
    return (
        "# Written by `chengxin gateway init`. The user name is the common name of the client certificate.\n"
        f"user {gateway}\n"
        f"topic read {topics.EVERY_DEVICE_UP}\n"
        f"topic write {_ANYBODY_DOWN}\n"
        f"topic read {LOG_TOPICS}\n"
        f"topic write {CONTROL_TOPIC}\n"
        "\n"
        f"pattern write {_OWN}{topics.UP}\n"
        f"pattern read {_OWN}{topics.DOWN}\n"
    )


def configuration_text(config: GatewayConfig, broker_user: str, plugin: Path) -> str:
    """Return ``mosquitto.conf`` for one TLS listener."""
    directory = config.broker_directory.absolute()
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        broker_user=broker_user,
        directory=directory,
        max_packet_bytes=MAX_PACKET_BYTES,
        plugin=plugin,
        port=config.mqtt_port,
        host=config.mqtt_listen_host,
    )


def _plugin() -> Path:
    for root in PLUGIN_ROOTS:
        for pattern in PLUGIN_PATTERNS:
            for found in sorted(root.glob(pattern)):
                return found
    raise Misuse("broker.plugin", "mosquitto_dynamic_security.so is not here: install Mosquitto 2 (Debian: mosquitto)")


def _give_to(broker_user: str, gateway_user: str, config: GatewayConfig) -> None:
    """Make the gateway's user own its directory; the broker's reads its copies there and owns only its state."""
    directory, state = config.broker_directory, config.broker_directory / "state"
    for path in (config.directory, *config.directory.iterdir()):
        shutil.chown(path, gateway_user)
    for path in (directory, *directory.iterdir()):
        shutil.chown(path, gateway_user, broker_user)
    for path in (state, *state.iterdir()):
        shutil.chown(path, broker_user, broker_user)
    config.directory.chmod(0o711)  # the broker passes through it to its own
    directory.chmod(0o2750)  # what the gateway renews here keeps the broker's group
    state.chmod(0o700)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Replace a file in one step."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    beside.touch(mode)
    beside.chmod(mode)
    beside.write_bytes(content)
    beside.replace(path)
