"""What enrolment told this device, read once at boot from ``config.cbor`` (docs/architecture.md §3).

One object, passed down; nothing that every device needs has a default, so that a scale never runs on half a
configuration. The optional keys turn on what only some have.
"""

from tracewire import cbor, topics
from tracewire.errors import Misuse, Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = "config.cbor"

LOAD_CELL = "load_cell"
MODULE = "module"

_TEXT, _BYTES, _NUMBER, _ROWS = str, bytes, int, list
_FIELDS = (
    (1, "name", _TEXT),  # device name: its topics, its TLS certificate
    (2, "gateway_host", _TEXT),
    (3, "gateway_port", _NUMBER),
    (4, "gateway_tls_name", _TEXT),  # must be in the gateway's certificate
    (5, "code_base", _TEXT),  # 13 digits
    (6, "stall", _TEXT),  # for the display
    (7, "stall_gbk", _BYTES),  # for the printer
    (8, "trace_prefix", _TEXT),  # http://host:port/t/
    (9, "keepers", _ROWS),  # [[level, point of 65 bytes], ...]: whose receipts count
    (10, "max_grams", _NUMBER),
    (11, "min_grams", _NUMBER),
    (12, "e_grams", _NUMBER),
    (13, "calibration", _ROWS),  # [counts at zero, counts per 1000 g]
    (14, "journal_bytes", _NUMBER),
)
_OPTIONAL = (
    (15, "steps", _ROWS, []),  # [[upper end in grams, e in grams], ...]: partial ranges of a multi-interval scale
    (16, "weight_source", _TEXT, LOAD_CELL),  # or MODULE: a sealed weighing module on a UART
    (17, "rail", _ROWS, []),  # slaughter line: [digit of species, 1 when sides hang apart, lightest carcass in grams]
)


class Config:
    """The configuration of one device; attributes are the names of ``config.cbor``'s fields.

    name, gateway_host, gateway_port, gateway_tls_name, code_base, stall, stall_gbk, trace_prefix,
    keepers ((level, point), …), max_grams, min_grams, e_grams, calibration (counts at zero, counts per 1000 g),
    journal_bytes, steps, weight_source, rail. It has no methods, so that it outlives this module (``core.forget``).
    """


def load(root: str) -> Config:
    """Read the configuration under ``root``; ``Misuse`` says why it cannot be used. Never written but by enrolment."""
    return read(values(root))


def values(root: str) -> "dict[int, object]":
    """Return the map in ``config.cbor``, unchecked; ``Misuse`` when there is none."""
    try:
        with open(root + "/" + FILE, "rb") as stream:
            found = cbor.decode(stream.read())
    except OSError:
        raise Misuse("config.absent", "this device is not enrolled")
    except Rejected as refusal:
        raise Misuse("config.broken", refusal.code)
    if not isinstance(found, dict):
        raise Misuse("config.broken", "not a map")
    return found


def read(values: "dict[int, object]") -> Config:
    """Return the configuration of a device that weighs; ``Misuse("config.…")`` names the first field that is wrong."""
    told = take(values, _FIELDS, _OPTIONAL)
    _require(
        ("code_base", len(told.code_base) == 13 and told.code_base.isdigit()),
        ("e_grams", told.e_grams > 0),
        ("min_grams", 0 < told.min_grams < told.max_grams),
        ("calibration", _is_pair(told.calibration) and told.calibration[1] != 0),
        ("steps", all([_is_pair(step) for step in told.steps])),
        ("weight_source", told.weight_source in (LOAD_CELL, MODULE)),
        ("rail", not told.rail or _is_rail(told.rail)),
    )
    return told


def take(
    values: "dict[int, object]",
    fields: "Sequence[tuple[int, str, type]]",
    optional: "Sequence[tuple[int, str, type, object]]" = (),
) -> Config:
    """Return ``fields`` and ``optional`` of the map, with what every device needs checked; ``Misuse("config.…")``."""
    told = Config()
    for key, name, kind in fields:
        value = values.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise Misuse("config." + name, "key %d is missing or of the wrong type" % key)
        setattr(told, name, value)
    known = len(fields)
    for key, name, kind, absent in optional:
        if not isinstance(values.get(key, absent), kind):
            raise Misuse("config." + name, "key %d is of the wrong type" % key)
        setattr(told, name, values.get(key, absent))
        known += key in values
    if len(values) != known:
        raise Misuse("config.unknown", "a key that this firmware does not know")
    told.keepers = tuple([_keeper(entry) for entry in told.keepers])
    _require(
        ("name", topics.is_name(told.name)),
        ("gateway_port", 0 < told.gateway_port < 65536),
        ("keepers", len(told.keepers) > 0),
        ("journal_bytes", told.journal_bytes >= 32768),
    )
    return told


def _require(*checks: "tuple[str, bool]") -> None:
    for name, holds in checks:
        if not holds:
            raise Misuse("config." + name, "out of bounds")


def _keeper(entry: object) -> "tuple[int, bytes]":
    if not isinstance(entry, list) or len(entry) != 2 or entry[0] not in (1, 2) or not isinstance(entry[1], bytes):
        raise Misuse("config.keepers", "[level 1 or 2, point] expected")
    if len(entry[1]) != 65 or entry[1][0] != 4:
        raise Misuse("config.keepers", "an uncompressed point of 65 bytes expected")
    return entry[0], entry[1]


def _is_pair(pair: object) -> bool:
    if not isinstance(pair, list) or len(pair) != 2:
        return False
    return all([isinstance(number, int) and not isinstance(number, bool) for number in pair])


def _is_rail(line: "list[object]") -> bool:
    if len(line) != 3 or not all([isinstance(number, int) and not isinstance(number, bool) for number in line]):
        return False
    return line[0] in (1, 2, 3) and line[1] in (0, 1) and line[2] > 0
