"""The records: one table of kinds and fields, encode, decode, check (spec 3 and 4).

Why one table: device, gateway, cloud, browser test and documents read the same rows, so a field has one name, one unit
and one bound everywhere. A record's header says where it stands in its device's history; its body says what happened.
Masses are integer grams, money integer fen, time Unix milliseconds.

The rows of kinds that a counter scale never seals stand in ``kinds_upstream``, ``kinds_inspection`` and
``kinds_console`` and are read in when one is first asked for, and rows are made anew when another kind has had their
place: all rows together would fill a tenth of a scale's heap.
"""

from tracewire import cbor
from tracewire.errors import Misuse, Rejected
from tracewire.fields import (
    COUNT,
    LABEL,
    LOT_CODE,
    MASS,
    MONEY,
    PARTY,
    SEQ,
    SIGNED_MASS,
    TIME,
    Number,
    Octets,
    Rows,
    Text,
    Word,
    pack_digits,
    unpack_digits,
)
from tracewire.words import AUDIT_EVENTS, BOOT_CAUSES, CLOCK_QUALITIES, CLOCK_SOURCES, SESSION_ACTIONS, TARE_MODES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Table = tuple[tuple[int, str, Any, bool], ...]

__all__ = ("FIELDS", "KINDS", "Record", "advance", "code_of", "decode", "pack_digits", "unpack_digits")

VERSION = 1

BOOT, CLOCK, WEIGHING, SALE, CARCASS, LOT, MOVEMENT = 1, 2, 3, 4, 5, 6, 7
SESSION, VISIT, TEST, DOCUMENT, DECISION, HEALTH, AUDIT = 8, 9, 10, 11, 12, 13, 14
REWEIGH, ASSET, TICKET, LABELLING = 15, 16, 17, 18

KINDS = {
    BOOT: "boot",
    CLOCK: "clock",
    WEIGHING: "weighing",
    SALE: "sale",
    CARCASS: "carcass",
    LOT: "lot",
    MOVEMENT: "movement",
    SESSION: "session",
    VISIT: "visit",
    TEST: "test",
    DOCUMENT: "document",
    DECISION: "decision",
    HEALTH: "health",
    AUDIT: "audit",
    REWEIGH: "reweigh",
    ASSET: "asset",
    TICKET: "ticket",
    LABELLING: "labelling",
}


_KEPT = 2  # kinds whose rows stay in memory: a scale's weighing and sale


class Tables:
    """The rows of each kind, by kind; iterates like a dict over all of them. Rows are made when they are asked for."""

    def __init__(self, makers: "dict[int, Callable[[], Table]]") -> None:
        self._makers = makers
        self._rows: "dict[int, Table]" = {}

    def __contains__(self, kind: object) -> bool:
        return kind in KINDS

    def __iter__(self) -> "Iterator[int]":
        return iter(KINDS)

    def __getitem__(self, kind: int) -> "Table":
        rows = self._rows.get(kind)
        if rows is None:
            if kind not in self._makers:
                self._read_in(kind)
            rows = self._makers[kind]()
            if len(self._rows) == _KEPT:
                self._rows = {}  # not cleared: another thread of a keeper may just look into it
            self._rows[kind] = rows
        return rows

    def items(self) -> "list[tuple[int, Table]]":
        """Return (kind, rows) of every kind."""
        return [(kind, self[kind]) for kind in KINDS]

    def values(self) -> "list[Table]":
        """Return the rows of every kind."""
        return [self[kind] for kind in KINDS]

    def _read_in(self, kind: int) -> None:
        if kind in (CARCASS, LOT, MOVEMENT, DOCUMENT):
            from tracewire import kinds_upstream  # noqa: PLC0415 (see above)

            self._makers.update(kinds_upstream.FIELDS)
        elif kind in (ASSET, TICKET, LABELLING):
            from tracewire import kinds_console  # noqa: PLC0415 (see above)

            self._makers.update(kinds_console.FIELDS)
        else:
            from tracewire import kinds_inspection  # noqa: PLC0415 (see above)

            self._makers.update(kinds_inspection.FIELDS)


# (key, name, type, required): keys are 1 to 23, in order; a key is never given to another meaning.
FIELDS = Tables(
    {
        BOOT: lambda: (
            (1, "software", Text(32), True),
            (2, "security_version", COUNT, True),
            (3, "cause", Word(BOOT_CAUSES), True),
            (4, "model", Text(32), True),
            (5, "max_grams", MASS, False),
            (6, "min_grams", MASS, False),
            (7, "e_grams", MASS, False),
            (8, "parameters_digest", Octets(32), False),
            (9, "software_digest", Octets(32), False),
            (10, "production_code", LABEL, False),
            (11, "repair_code", LABEL, False),
            (12, "verification_code", LABEL, False),
            (13, "seal_number", LABEL, False),
            (14, "type_approval", LABEL, False),
        ),
        CLOCK: lambda: (
            (1, "before_ms", TIME, True),
            (2, "source", Word(CLOCK_SOURCES), True),
        ),
        WEIGHING: lambda: (
            (1, "gross_grams", MASS, True),
            (2, "tare_grams", MASS, True),
            (3, "tare_mode", Word(TARE_MODES), True),
            (4, "net_grams", MASS, True),
            (5, "e_grams", MASS, True),
        ),
        SALE: lambda: (
            (1, "net_grams", Number(0x7FFFFFFF, 1), True),
            (2, "tare_grams", MASS, True),
            (3, "price_fen_per_kg", Number(0x7FFFFFFF, 1), True),
            (4, "amount_fen", MONEY, True),
            (5, "plu", Number(0xFFFF), True),
            (6, "lot", LOT_CODE, True),
            (7, "weighing_back", SEQ, True),
        ),
        SESSION: lambda: (
            (1, "action", Word(SESSION_ACTIONS), True),
            (2, "seller", PARTY, True),
            (3, "stall", Text(48), False),
            (4, "card", Octets(8), False),
            (5, "lots", Rows((Number(0xFFFF), LOT_CODE), 24), False),
            (6, "goods", Rows((Number(0xFFFF), Text(48)), 24), False),
        ),
        HEALTH: lambda: (
            (1, "uptime_s", COUNT, True),
            (2, "journal_pending", COUNT, True),
            (3, "journal_permille", Number(1000), True),
            (4, "heap_free_bytes", COUNT, False),
            (5, "zero_drift_grams", SIGNED_MASS, False),
            (6, "battery_mv", COUNT, False),
            (7, "temperature_millidegrees", Number(200000, -100000), False),
            (8, "printer", Text(16), False),
            (9, "signal_dbm", Number(100, -200), False),
            (10, "refused", COUNT, False),
            (11, "flash_hours", COUNT, False),
            (12, "boot_cause", Word(BOOT_CAUSES), False),
            (13, "unsold", COUNT, False),
            (14, "heap_low_bytes", COUNT, False),
            (15, "event_counter", COUNT, False),
            (16, "garbled", COUNT, False),
            (17, "clock_quality", Word(CLOCK_QUALITIES), False),
            (18, "downlink_refused", COUNT, False),
            (19, "battery_percent", Number(100), False),
            (20, "storage", Text(16), False),
            (21, "slips_owed", COUNT, False),
        ),
        AUDIT: lambda: (
            (1, "event", Word(AUDIT_EVENTS), True),
            (2, "event_counter", COUNT, True),
            (3, "detail", Text(120), False),
        ),
    }
)

_HEADER = (
    (2, "seq", SEQ),
    (3, "prev", Octets(32)),
    (4, "time_ms", TIME),
    (8, "boot", COUNT),
)
_TOTAL = Number()
_KEYS = [1, 2, 3, 4, 5, 6, 7, 8]


class Record:
    """One statement of one device: header fields as attributes, ``body`` as a dict by field name.

    ``totals`` is (count, grams, fen) *after* this record; see ``advance``.
    """

    def __init__(
        self,
        kind: int,
        body: "dict[str, Any]",
        seq: int,
        prev: bytes,
        time_ms: int,
        totals: "tuple[int, int, int]" = (0, 0, 0),
        boot: int = 0,
    ) -> None:
        self.kind = kind
        self.body = body
        self.seq = seq
        self.prev = prev
        self.time_ms = time_ms
        self.totals = totals
        self.boot = boot

    def encode(self) -> bytes:
        """Return the payload to seal; ``Misuse`` when a field is missing, unknown or out of bounds."""
        try:
            _check_header(self)
            return cbor.encode(
                {
                    1: VERSION,
                    2: self.seq,
                    3: self.prev,
                    4: self.time_ms,
                    5: self.kind,
                    6: _body_to_wire(self.kind, self.body),
                    7: list(self.totals),
                    8: self.boot,
                }
            )
        except Rejected as error:
            raise Misuse(error.code, error.detail)


def decode(payload: bytes) -> Record:
    """Return the record in an opened payload; ``Rejected("record.…")`` says which rule it breaks."""
    return from_entries(cbor.decode(payload))


def from_entries(entries: object, fields: "Any" = FIELDS) -> Record:
    """Return the record that these decoded entries are; ``Rejected("record.…")``.

    For who brings another decoder, and perhaps ``FIELDS`` as a dict with the rows of every kind.
    """
    if not isinstance(entries, dict) or len(entries) != 8 or sorted(entries) != _KEYS:
        raise Rejected("record.header", "keys 1 to 8 expected")
    if entries[1] != VERSION or isinstance(entries[1], bool):
        raise Rejected("record.version", "version %s is not known here" % entries[1])
    totals = entries[7]
    if not isinstance(totals, list):
        raise Rejected("record.totals")
    record = Record(
        entries[5],
        {},
        entries[2],
        entries[3],
        entries[4],
        tuple(totals),
        entries[8],
    )
    _check_header(record)
    record.body = _body_from_wire(record.kind, fields[record.kind], entries[6])
    return record


def advance(totals: "tuple[int, int, int]", kind: int, body: "dict[str, Any]") -> "tuple[int, int, int]":
    """Return (count, grams, fen) after a record of this kind (spec 3.4): what a later record convicts a hole with."""
    count, grams, fen = totals
    if kind == SALE:
        return count + 1, grams + body["net_grams"], fen + body["amount_fen"]
    if kind == CARCASS:
        return count + 1, grams + body["hot_grams"], fen
    if kind == LOT:
        return count + 1, grams + body.get("net_grams", 0), fen
    if kind == MOVEMENT:
        return count + 1, grams + sum(mass for _, mass in body.get("outputs", ())), fen
    return totals


def code_of(code_base: str, count: int) -> str:
    """Return the 20-digit code of the ``count``-th counted record of the device with this 13-digit base (spec 4.5)."""
    if not 0 < count < 10000000:
        raise Misuse("record.code", "a code base has 9,999,999 codes")
    return code_base + "%07d" % count


def _check_header(record: Record) -> None:
    if isinstance(record.kind, bool) or not isinstance(record.kind, int) or record.kind not in FIELDS:
        raise Rejected("record.kind", "kind %s is not known here" % record.kind)
    for _, name, field_type in _HEADER:
        if not field_type.check(getattr(record, name)):
            raise Rejected("record.header", name)
    if len(record.totals) != 3 or [total for total in record.totals if not _TOTAL.check(total)]:
        raise Rejected("record.totals", "count, grams and fen")
    if (record.seq == 1) != (record.prev == bytes(32)):
        raise Rejected("record.prev", "zeros at seq 1 and only there")


def _body_to_wire(kind: int, body: "dict[str, Any]") -> "dict[int, Any]":
    wire = {}
    for key, name, field_type, required in FIELDS[kind]:
        if name in body:
            if not field_type.check(body[name]):
                raise Rejected("record.field", name)
            wire[key] = field_type.to_wire(body[name])
        elif required:
            raise Rejected("record.missing", name)
    if len(wire) != len(body):
        raise Rejected("record.unknown", "a field that %s does not have" % KINDS[kind])
    return wire


def _body_from_wire(kind: int, rows: "Table", wire: "Any") -> "dict[str, Any]":
    if not isinstance(wire, dict):
        raise Rejected("record.body", "a map is expected")
    body: "dict[str, Any]" = {}
    for key, name, field_type, required in rows:
        if key in wire:
            value = field_type.from_wire(wire[key])
            if not field_type.check(value):
                raise Rejected("record.field", name)
            body[name] = value
        elif required:
            raise Rejected("record.missing", name)
    if len(body) != len(wire):
        raise Rejected("record.unknown", "a field that %s does not have" % KINDS[kind])
    return body
