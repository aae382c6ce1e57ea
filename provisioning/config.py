"""What a scale must know, read from a site's set-up file and written into ``config.cbor`` and ``plu.cbor``.

Why two forms: people write TOML once for a market, a board reads a few hundred bytes of CBOR. Names for the slip are
converted to GBK here, because receipt printers want it and a microcontroller has no code page.

    trace_url = "http://trace.example:8080/t/"
    gateway = { name = "gateway-01", host = "192.168.1.10", port = 8883 }
    scale = { max_g = 15000, min_g = 100, e_g = 5, zero_counts = 84210, counts_per_kg = 41870 }
    plu = [ { number = 1, name = "五花肉", price_fen_per_kg = 3680 } ]

A scale may have, beside that, ``scale.steps = [[6000, 2], [15000, 5]]`` (partial ranges: up to g, e in g),
``scale.weight_source = "module"``, ``scale.card_reader = "pn532"`` and a table ``identity`` with the texts of its type
plate. The scale of a slaughter
line has a table ``rail`` (``Rail``) and needs no ``plu``.
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
from tracewire.fields import LABEL

from provisioning import release_trust
from provisioning.enrol import Grant, Outfit
from provisioning.release_trust import NO_UPDATES, Update

KEEPER_LEVELS = (("gateway", 1), ("cloud", 2))
"""Whose receipts a device believes, and which level of custody each stands for."""


LOAD_CELL, MODULE = "load_cell", "module"
"""What weighs, as the device's configuration names it."""

CARD_MODULE, PN532 = "module", "pn532"
"""What reads cards: a module that tells contents, or a chip whose cards the device itself proves, with keys."""

IDENTITY = ("production_code", "repair_code", "verification_code", "seal_number", "type_approval")
"""The identity block of JJF 2184-2025: names in the set-up file, order in ``identity.cbor``."""


@dataclass(frozen=True)
class Plu:
    """One price look-up key of a scale."""

    number: int
    """1 to 8, the keys of a keypad."""
    name: str
    price_fen_per_kg: int


@dataclass(frozen=True)
class Rail:
    """What the scale of a slaughter line must know: ``rail = { species = 1, sides = false, lightest_g = 20000 }``."""

    species: int
    """First digit of its ear tags: 1 pig, 2 cattle, 3 sheep and goats."""
    has_sides: bool
    """The two sides of a carcass hang apart: each ear tag comes twice, left side first."""
    lightest_g: int
    """A load below this is no carcass: a trolley, an empty hook, a hand."""


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
    steps: tuple[tuple[int, int], ...] = ()
    """Partial ranges of a multi-interval scale: (upper end, e), both in grams; the last ends at Max."""
    weight_source: str = LOAD_CELL
    """Or MODULE: a sealed weighing module, which has its own calibration."""
    card_reader: str = CARD_MODULE
    """Or PN532: the device gets the keys of the cards. A terminal always does."""
    identity: tuple[str, ...] = ("",) * len(IDENTITY)
    """What the type plate says, in the order of IDENTITY; empty where nobody has given a code yet."""
    rail: Rail | None = None
    """What a slaughter line is told beside; a counter scale has none."""
    update: Update = NO_UPDATES
    """Where it looks for releases, and which revision of the board it is."""


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
            plu=tuple(Plu(entry["number"], entry["name"], entry["price_fen_per_kg"]) for entry in _goods(tables)),
            journal_bytes=scale.get("journal_bytes", Setup.journal_bytes),
            steps=tuple((upto, e) for upto, e in scale.get("steps", ())),
            weight_source=scale.get("weight_source", Setup.weight_source),
            card_reader=scale.get("card_reader", Setup.card_reader),
            identity=tuple(str(tables.get("identity", {}).get(name, "")) for name in IDENTITY),
            rail=_rail(tables["rail"]) if "rail" in tables else None,
            update=release_trust.read(tables),
        )
    except OSError as problem:
        raise Misuse("setup.file", f"cannot read {path}: {problem.strerror}") from problem
    except tomllib.TOMLDecodeError as problem:
        raise Misuse("setup.toml", f"{path}: {problem}") from problem
    except (KeyError, TypeError, ValueError) as problem:
        raise Misuse("setup.missing", f"{path} lacks {problem}") from problem
    _check(setup)
    return setup


def _goods(tables: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the price list, which a slaughter line has none of: nothing is sold there by a key."""
    goods: list[dict[str, Any]] = tables.get("plu", []) if "rail" in tables else tables["plu"]
    return goods


def _rail(table: dict[str, Any]) -> Rail:
    rail = Rail(table["species"], table["sides"], table["lightest_g"])
    if rail.species not in (1, 2, 3) or not isinstance(rail.has_sides, bool):
        raise Misuse("setup.rail", "rail.species is 1, 2 or 3, rail.sides is true or false")
    if not isinstance(rail.lightest_g, int) or rail.lightest_g <= 0:
        raise Misuse("setup.rail", "rail.lightest_g must be a whole number above zero")
    return rail


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
    if setup.steps and not _rise_to_max(setup):
        raise Misuse("setup.steps", "scale.steps rise from e_g to max_g, each [up to g, e in g] coarser than the last")
    if setup.weight_source not in (LOAD_CELL, MODULE):
        raise Misuse("setup.weight_source", f"scale.weight_source is {LOAD_CELL!r} or {MODULE!r}")
    if setup.card_reader not in (CARD_MODULE, PN532):
        raise Misuse("setup.card_reader", f"scale.card_reader is {CARD_MODULE!r} or {PN532!r}")
    if any(text and not LABEL.check(text) for text in setup.identity):
        raise Misuse("setup.identity", "each text of the identity table has at most 32 bytes and no control character")
    if not topics.is_name(setup.gateway_name):
        raise Misuse("setup.gateway", f"{setup.gateway_name!r} is no device name")
    if not setup.trace_url.endswith("/t/"):
        raise Misuse("setup.trace_url", "trace_url must end in /t/")
    if sorted({plu.number for plu in setup.plu} & set(range(1, 9))) != sorted(plu.number for plu in setup.plu):
        raise Misuse("setup.plu", "PLU numbers are 1 to 8, each once")


def _rise_to_max(setup: Setup) -> bool:
    ends, intervals = zip(*setup.steps, strict=True)
    is_rising = list(ends) == sorted(set(ends)) and list(intervals) == sorted(set(intervals))
    return is_rising and intervals[0] == setup.e_g and ends[-1] == setup.max_g


def scale_outfit(setup: Setup, card_keys: bytes | None = None) -> Outfit:
    """Return the outfit of a scale under ``setup``: certificates, configuration, prices, what its sealed case needs.

    ``card_keys`` is ``card_keys.cbor`` for a device that reads cards itself; a terminal cannot do without.
    """

    def outfit(grant: Grant) -> list[list[object]]:
        if grant.entry.role == "terminal" and card_keys is None:
            raise Misuse("setup.card_keys", "a terminal needs the keys of the cards: make them with chengxin card keys")
        cards: list[list[object]] = [] if card_keys is None else [["card_keys.cbor", card_keys]]
        return [
            *cards,
            ["tls_cert.der", grant.client.public_bytes(serialization.Encoding.DER)],
            ["server_ca.der", grant.server_ca_der],
            ["plu.cbor", encode_plu(setup.plu)],
            ["unlock.key", grant.unlock_secret],
            ["identity.cbor", cbor.encode(list(setup.identity))],
            ["config.cbor", encode_config(setup, grant)],
            *release_trust.board_file(grant.entry.role, grant.release_points, setup.update),
        ]

    return outfit


def encode_config(setup: Setup, grant: Grant) -> bytes:
    """Return ``config.cbor`` (docs/architecture.md §3); ``Misuse`` when no gateway or no cloud is enrolled yet."""
    if grant.entry.role == "rail" and setup.rail is None:
        raise Misuse("setup.rail", "a slaughter line needs a table rail: species, sides, lightest_g")
    stall = grant.entry.stall or grant.entry.name
    special: dict[int, object] = {}
    if setup.steps:
        special[15] = [list(step) for step in setup.steps]
    if setup.weight_source != LOAD_CELL:
        special[16] = setup.weight_source
    if setup.rail:
        special[17] = [setup.rail.species, int(setup.rail.has_sides), setup.rail.lightest_g]
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
            **special,
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
