"""What enrolment told this device, read once at boot from ``config.cbor`` (docs/architecture.md §3).

One object, passed down; nothing that every device needs has a default, so that a scale never runs on half a
configuration. The optional keys turn on what only some have.
"""

from tracewire import cbor, topics
from tracewire.errors import Misuse, Rejected

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
    journal_bytes, steps, weight_source, rail.
    """

    def __init__(self, values: "dict[int, object]") -> None:
        """Take the decoded map; ``Misuse("config.…")`` names the first field that is missing or wrong."""
        for key, name, kind in _FIELDS:
            value = values.get(key)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise Misuse("config." + name, "key %d is missing or of the wrong type" % key)
            setattr(self, name, value)
        known = len(_FIELDS)
        for key, name, kind, absent in _OPTIONAL:
            if not isinstance(values.get(key, absent), kind):
                raise Misuse("config." + name, "key %d is of the wrong type" % key)
            setattr(self, name, values.get(key, absent))
            known += key in values
        if len(values) != known:
            raise Misuse("config.unknown", "a key that this firmware does not know")
        self.keepers = tuple([_keeper(entry) for entry in self.keepers])
        self._check()

    def _check(self) -> None:
        checks = (
            ("name", topics.is_name(self.name)),
            ("gateway_port", 0 < self.gateway_port < 65536),
            ("code_base", len(self.code_base) == 13 and self.code_base.isdigit()),
            ("keepers", len(self.keepers) > 0),
            ("e_grams", self.e_grams > 0),
            ("min_grams", 0 < self.min_grams < self.max_grams),
            ("calibration", _is_pair(self.calibration) and self.calibration[1] != 0),
            ("journal_bytes", self.journal_bytes >= 32768),
            ("steps", all([_is_pair(step) for step in self.steps])),
            ("weight_source", self.weight_source in (LOAD_CELL, MODULE)),
            ("rail", not self.rail or _is_rail(self.rail)),
        )
        for name, holds in checks:
            if not holds:
                raise Misuse("config." + name, "out of bounds")


def load(root: str) -> Config:
    """Read the configuration under ``root``; ``Misuse`` says why it cannot be used. Never written but by enrolment."""
    try:
        with open(root + "/" + FILE, "rb") as stream:
            content = stream.read()
    except OSError:
        raise Misuse("config.absent", "this device is not enrolled")
    try:
        values = cbor.decode(content)
    except Rejected as refusal:
        raise Misuse("config.broken", refusal.code)
    if not isinstance(values, dict):
        raise Misuse("config.broken", "not a map")
    return Config(values)


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
