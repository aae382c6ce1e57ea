"""What an inspector's handheld must know: where the gateway is, and whose receipts and marks to believe.

A handheld needs less than a scale, so its set-up file is short; a scale's file serves as well, the rest is passed over.

    gateway = { name = "gateway-01", host = "192.168.1.10", port = 8883 }
    journal_bytes = 524288
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from tracewire import cbor, topics
from tracewire.errors import Misuse

from provisioning import release_trust
from provisioning.config import encode_plu, keeper_keys
from provisioning.enrol import Grant, Outfit
from provisioning.release_trust import NO_UPDATES, Update

_LEAST_JOURNAL_BYTES = 32_768


@dataclass(frozen=True)
class HandheldSetup:
    """A handheld's set-up file."""

    gateway_name: str
    """Common name in the gateway's server certificate: what the device checks, however it is reached."""
    gateway_host: str
    gateway_port: int
    journal_bytes: int = 524_288
    """Flash given to unsent records: half of a 1 MiB partition, some 1,500 visits."""
    update: Update = NO_UPDATES
    """Where it looks for releases, and which revision of the board it is."""


def read(path: Path) -> HandheldSetup:
    """Return the set-up in a TOML file; ``Misuse("setup.…")`` names what is missing or wrong."""
    try:
        with path.open("rb") as file:
            tables = tomllib.load(file)
        gateway = tables["gateway"]
        setup = HandheldSetup(
            gateway["name"],
            gateway["host"],
            gateway["port"],
            tables.get("journal_bytes", HandheldSetup.journal_bytes),
            release_trust.read(tables),
        )
    except OSError as problem:
        raise Misuse("setup.file", f"cannot read {path}: {problem.strerror}") from problem
    except tomllib.TOMLDecodeError as problem:
        raise Misuse("setup.toml", f"{path}: {problem}") from problem
    except (KeyError, TypeError) as problem:
        raise Misuse("setup.missing", f"{path} lacks {problem}") from problem
    _check(setup)
    return setup


def outfit(setup: HandheldSetup) -> Outfit:
    """Return the outfit of a handheld under ``setup``: certificates and configuration; its price list is empty."""

    def outfit(grant: Grant) -> list[list[object]]:
        return [
            ["tls_cert.der", grant.client.public_bytes(serialization.Encoding.DER)],
            ["server_ca.der", grant.server_ca_der],
            ["plu.cbor", encode_plu(())],
            ["config.cbor", encode_config(setup, grant)],
            *release_trust.board_file(grant.entry.role, grant.release_points, setup.update),
        ]

    return outfit


def encode_config(setup: HandheldSetup, grant: Grant) -> bytes:
    """Return ``config.cbor`` with the keys that every device has (docs/architecture.md §3)."""
    return cbor.encode(
        {
            1: grant.entry.name,
            2: setup.gateway_host,
            3: setup.gateway_port,
            4: setup.gateway_name,
            9: keeper_keys(grant.registry),
            14: setup.journal_bytes,
        }
    )


def _check(setup: HandheldSetup) -> None:
    if not isinstance(setup.gateway_port, int) or not 0 < setup.gateway_port < 65536:
        raise Misuse("setup.port", "the gateway's port is a number from 1 to 65535")
    if not isinstance(setup.gateway_host, str) or not setup.gateway_host:
        raise Misuse("setup.gateway", "gateway.host is a name or an address")
    if not isinstance(setup.gateway_name, str) or not topics.is_name(setup.gateway_name):
        raise Misuse("setup.gateway", f"{setup.gateway_name!r} is no device name")
    if not isinstance(setup.journal_bytes, int) or setup.journal_bytes < _LEAST_JOURNAL_BYTES:
        raise Misuse("setup.number", f"journal_bytes is at least {_LEAST_JOURNAL_BYTES}")
