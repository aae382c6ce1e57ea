"""What a scale must know, read from a site's set-up file and written into ``config.cbor`` and ``plu.cbor``.

Why two forms: people write TOML once for a market, a board reads a few hundred bytes of CBOR. Names for the slip are
converted to GBK here, because receipt printers want it and a microcontroller has no code page.

    trace_url = "http://trace.example:8080/t/"
    gateway = { name = "gateway-01", host = "192.168.1.10", port = 8883 }
    scale = { max_g = 15000, min_g = 100, e_g = 5, zero_counts = 84210, counts_per_kg = 41870 }
    plu = [ { number = 1, name = "五花肉", price_fen_per_kg = 3680 } ]
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from tracewire import cbor, topics
from tracewire.credential import Registry
from tracewire.errors import Misuse

from provisioning.enrol import Grant, Outfit

KEEPER_LEVELS = (("gateway", 1), ("cloud", 2))
"""Whose receipts a device believes, and which level of custody each stands for."""


@dataclass(frozen=True)
class Plu:
    """One price look-up key of a scale."""

    number: int
    """1 to 8, the keys of a keypad."""
    name: str
    price_fen_per_kg: int


@dataclass(frozen=True)
class Setup:
    """A site's set-up file. Every field is required: a scale with a guessed Max or calibration weighs wrong."""

    gateway_name: str
    """Common name in the gateway's server certificate: what the device checks, however it is reached."""
    gateway_host: str
    gateway_port: int
    trace_url: str
    """Prefix of the QR code's address; ends in /t/."""
    max_g: int
    min_g: int
    e_g: int
    """Verification scale interval."""
    zero_counts: int
    """Load-cell counts of the empty platter."""
    counts_per_kg: int
    plu: tuple[Plu, ...]
    journal_bytes: int = 524_288
    """Flash given to unsent records: half of a 1 MiB partition, some 2,500 sales."""


def read(path: Path) -> Setup:
    """Return the set-up in a TOML file; ``Misuse("setup.…")`` names what is missing or wrong."""
    try:
        with path.open("rb") as file:
            tables = tomllib.load(file)
        gateway, scale = tables["gateway"], tables["scale"]
        setup = Setup(
            gateway_name=gateway["name"],
            gateway_host=gateway["host"],
            gateway_port=gateway["port"],
            trace_url=tables["trace_url"],
            max_g=scale["max_g"],
            min_g=scale["min_g"],
            e_g=scale["e_g"],
            zero_counts=scale["zero_counts"],
            counts_per_kg=scale["counts_per_kg"],
            plu=tuple(Plu(entry["number"], entry["name"], entry["price_fen_per_kg"]) for entry in tables["plu"]),
            journal_bytes=scale.get("journal_bytes", Setup.journal_bytes),
        )
    except OSError as problem:
        raise Misuse("setup.file", f"cannot read {path}: {problem.strerror}") from problem
    except tomllib.TOMLDecodeError as problem:
        raise Misuse("setup.toml", f"{path}: {problem}") from problem
    except (KeyError, TypeError) as problem:
        raise Misuse("setup.missing", f"{path} lacks {problem}") from problem
    _check(setup)
    return setup


def _check(setup: Setup) -> None:
    numbers = [
        ("max_g", setup.max_g),
        ("min_g", setup.min_g),
        ("e_g", setup.e_g),
        ("counts_per_kg", setup.counts_per_kg),
        ("journal_bytes", setup.journal_bytes),
        *((f"price of PLU {plu.number}", plu.price_fen_per_kg) for plu in setup.plu),
    ]
    for name, number in numbers:
        if not isinstance(number, int) or number <= 0:
            raise Misuse("setup.number", f"{name} must be a whole number above zero")
    if not isinstance(setup.zero_counts, int):
        raise Misuse("setup.number", "zero_counts must be a whole number")
    if not isinstance(setup.gateway_port, int) or not 0 < setup.gateway_port < 65536:
        raise Misuse("setup.port", "the gateway's port is a number from 1 to 65535")
    if not setup.min_g < setup.max_g:
        raise Misuse("setup.range", "min_g must be below max_g")
    if not topics.is_name(setup.gateway_name):
        raise Misuse("setup.gateway", f"{setup.gateway_name!r} is no device name")
    if not setup.trace_url.endswith("/t/"):
        raise Misuse("setup.trace_url", "trace_url must end in /t/")
    if sorted({plu.number for plu in setup.plu} & set(range(1, 9))) != sorted(plu.number for plu in setup.plu):
        raise Misuse("setup.plu", "PLU numbers are 1 to 8, each once")


def scale_outfit(setup: Setup) -> Outfit:
    """Return the outfit of a scale under ``setup``: certificates, configuration, prices."""

    def outfit(grant: Grant) -> list[list[object]]:
        return [
            ["tls_cert.der", grant.client.public_bytes(serialization.Encoding.DER)],
            ["server_ca.der", grant.server_ca_der],
            ["plu.cbor", encode_plu(setup.plu)],
            ["config.cbor", encode_config(setup, grant)],
        ]

    return outfit


def encode_config(setup: Setup, grant: Grant) -> bytes:
    """Return ``config.cbor`` (docs/architecture.md §3); ``Misuse`` when no gateway or no cloud is enrolled yet."""
    stall = grant.entry.stall or grant.entry.name
    return cbor.encode(
        {
            1: grant.entry.name,
            2: setup.gateway_host,
            3: setup.gateway_port,
            4: setup.gateway_name,
            5: grant.entry.code_base,
            6: stall,
            7: _gbk(stall),
            8: setup.trace_url,
            9: keeper_keys(grant.registry),
            10: setup.max_g,
            11: setup.min_g,
            12: setup.e_g,
            13: [setup.zero_counts, setup.counts_per_kg],
            14: setup.journal_bytes,
        }
    )


def encode_plu(plus: Sequence[Plu]) -> bytes:
    """Return ``plu.cbor``."""
    return cbor.encode([[plu.number, plu.name, _gbk(plu.name), plu.price_fen_per_kg] for plu in plus])


def keeper_keys(registry: Registry) -> list[list[Any]]:
    """Return [[level, point], …] of every active gateway and cloud: whose receipts free the device's flash."""
    keepers: list[list[Any]] = []
    for role, level in KEEPER_LEVELS:
        points = [entry.point for entry in registry.with_role(role) if entry.state == "active"]
        if not points:
            raise Misuse("setup.keepers", f"enrol a {role} first: a scale must know whose receipts to believe")
        keepers += [[level, point] for point in points]
    return keepers


def _gbk(text: str) -> bytes:
    try:
        return text.encode("gbk")
    except UnicodeEncodeError as problem:
        missing = text[problem.start : problem.end]
        raise Misuse("setup.gbk", f"{text!r} cannot be printed: {missing!r} is not in GBK") from problem
