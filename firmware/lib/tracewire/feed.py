"""What comes down to a device besides receipts: prices, stock, frozen lots, time, firmware, stops (spec 14).

Why one statement to one device: a statement for all could be shown to the wrong one, and a device has neither clock nor
memory to tell. Each names the device's key, its kind and a serial number that only rises, so an old one is recognised
without asking anybody. A body is the whole truth of its kind, never a change to it: whichever statement was lost, the
next one makes good.
"""

from tracewire import cbor
from tracewire.errors import Misuse, Rejected
from tracewire.fields import COUNT, LOT_CODE, MASS, SEQ, TIME, Number, Octets, Rows, Text, pack_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Sequence

VERSION = 1
PRICES, STOCK, FREEZE, CLOCK, FIRMWARE, STOPS = 1, 2, 3, 4, 5, 6
KINDS = ("", "prices", "stock", "freeze", "clock", "firmware", "stops")
"""Names by number, for people."""

MOST_PRICES = 24
MOST_STOCK = MOST_FROZEN = 64
"""Rows of one body: a statement must fit a device's MQTT buffer, and its heap (spec 14.3)."""
MOST_STOPPED = 200
"""Sellers, and as many cards, of one stop list."""
SELLER_BYTES, CARD_BYTES = 7, 8
"""Of each name in it."""


class _Octets(Octets):
    """A byte string of 1 to ``length`` bytes."""

    def check(self, value: "Any") -> bool:
        """Tell whether ``value`` is bytes of a sensible length."""
        return isinstance(value, bytes) and 0 < len(value) <= self.length


class _Names(Octets):
    """Names of ``length`` bytes each, one after another in one byte string: 200 rows would be a seventh of a heap."""

    def check(self, value: "Any") -> bool:
        """Tell whether ``value`` is whole names, and not too many."""
        return isinstance(value, bytes) and not len(value) % self.length and len(value) <= MOST_STOPPED * self.length


_MAY_BE_EMPTY = (STOCK, FREEZE, FIRMWARE)  # nothing in stock, nothing frozen, an offer taken back
_KIND = Number(len(KINDS) - 1, 1)


def _rows(kind: int) -> Rows:
    """Return the type of a body; made when asked for, because a device hears one kind in an hour and heap is short."""
    if kind == PRICES:
        return Rows((Number(99, 1), Text(48), _Octets(48), Number(0x7FFFFFFF, 1)), MOST_PRICES)
    if kind == STOCK:
        return Rows((LOT_CODE, MASS), MOST_STOCK)
    if kind == FREEZE:
        return Rows((LOT_CODE,), MOST_FROZEN)
    if kind == CLOCK:
        return Rows((TIME, SEQ, Octets(32)), 1)
    if kind == STOPS:
        return Rows((_Names(SELLER_BYTES), _Names(CARD_BYTES)), 1)
    return Rows((Octets(32), COUNT, Text(96)), 1)


class Statement:
    """One statement for the device whose record key is ``kid``. ``issued_ms`` and ``expires_ms`` are Unix time.

    ``body`` is a sequence of rows, by ``kind``: PRICES (PLU number, name, name in GBK, fen per kg); STOCK (lot, grams
    left); FREEZE (lot,); CLOCK one row (Unix ms, seq and digest of the record it answers); FIRMWARE one row (digest of
    the manifest bundle, security version, path) or none; STOPS one row (``seller_name`` of everybody who may not
    sell, ``card_name`` of every lost card), each joined to one byte string, perhaps an empty one.
    """

    def __init__(
        self, kid: bytes, kind: int, serial: int, issued_ms: int, expires_ms: int, body: "Sequence[Sequence[Any]]"
    ) -> None:
        self.kid = kid
        self.kind = kind
        self.serial = serial
        self.issued_ms = issued_ms
        self.expires_ms = expires_ms
        self.body = body

    def encode(self) -> bytes:
        """Return the payload to seal with purpose ``cose.FEED``; ``Misuse("feed.field")`` when out of bounds."""
        header = {1: VERSION, 2: self.kid, 3: self.kind, 4: self.serial, 5: self.issued_ms, 6: self.expires_ms}
        if not _is_sound(header) or not _is_body(self.kind, self.body):
            raise Misuse("feed.field")
        header[7] = _rows(self.kind).to_wire(self.body)
        return cbor.encode(header)


def seller_name(seller: str) -> bytes:
    """Return how a stop list names a seller: the code of 9 to 13 digits, packed and filled with F."""
    return (pack_digits(seller) + b"\xff" * SELLER_BYTES)[:SELLER_BYTES]


def card_name(number: bytes) -> bytes:
    """Return how a stop list names a card: the length of its number, 4 to 7 bytes, and the number, filled with 0."""
    return (bytes((len(number),)) + number + bytes(CARD_BYTES))[:CARD_BYTES]


def is_named(name: bytes, names: bytes) -> bool:
    """Tell whether ``name`` is one of the names that stand in ``names`` one after another."""
    at = names.find(name)
    while at >= 0 and at % len(name):
        at = names.find(name, at + 1)
    return at >= 0


def is_statement(payload: bytes) -> bool:
    """Tell a statement from a receipt by the type of key 2, before anything is decoded; proves nothing."""
    return payload[1:5] == b"\x01\x01\x02\x48"


def decode(payload: bytes) -> Statement:
    """Return the statement in an opened payload; ``Rejected("feed.version")``, ``feed.field`` or ``feed.body``."""
    entries = cbor.decode(payload)
    if not isinstance(entries, dict) or len(entries) != 7 or any(key not in entries for key in range(1, 8)):
        raise Rejected("feed.field", "keys 1 to 7 expected")
    if entries[1] != VERSION:
        raise Rejected("feed.version")
    if not _is_sound(entries):
        raise Rejected("feed.field", "a header field is out of bounds")
    kind, rows = entries[3], entries[7]
    try:
        body = () if rows == [] else _rows(kind).from_wire(rows)
    except Rejected as refusal:
        raise Rejected("feed.body", refusal.detail)
    if not _is_body(kind, body):
        raise Rejected("feed.body", KINDS[kind])
    return Statement(entries[2], kind, entries[4], entries[5], entries[6], body)


def _is_sound(header: "dict[int, Any]") -> bool:
    if not isinstance(header[2], bytes) or len(header[2]) != 8:
        return False
    if not (_KIND.check(header[3]) and SEQ.check(header[4]) and TIME.check(header[5]) and TIME.check(header[6])):
        return False
    return bool(header[5] < header[6])


def _is_body(kind: int, body: "Any") -> bool:
    if isinstance(body, (list, tuple)) and not body:
        return kind in _MAY_BE_EMPTY
    return bool(_rows(kind).check(body))
