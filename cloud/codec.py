"""Sealed records and their CBOR at the speed of a C library, refusing exactly what ``tracewire`` refuses.

Why two decoders: the format's own is written for a microcontroller and for readers; here it costs as much as a fifth of
a signature check. The library is liberal, so its word counts only when it is provably the strict one's too: no tags,
no indefinite lengths, only types of the subset, keys 0 to 23 that rise, and not one byte more than the shortest
encoding of that value needs, which leaves nothing for long forms, repeated keys or trailing bytes to hide in (spec 1.2
and 1.3). In every other case the strict decoder is asked: it stays the authority, and it names the broken clause.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, NoReturn

import cbor2
from tracewire import cbor, cose
from tracewire import record as records
from tracewire.cbor import MAX_DEPTH
from tracewire.chain import NO_PREVIOUS
from tracewire.curve.parameters import ORDER
from tracewire.errors import Rejected
from tracewire.fields import COUNT, LARGEST, TIME, Number
from tracewire.p256 import VerifyingKey

_BUILT_IN_TAGS = (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004, 43000, 55799)
"""Tags that the library would interpret by itself; references (25, 29) would even make the bytes shorter."""

_LARGEST_KEY = 23


class _NotPlainError(Exception):
    """The library's word does not suffice."""


def _refuse_tag(*_: object) -> NoReturn:
    raise _NotPlainError


_FIELDS = {kind: records.FIELDS[kind] for kind in records.KINDS}
"""The field tables of every kind at hand; a device makes them anew each time."""

_REFUSED_TAGS = dict.fromkeys(_BUILT_IN_TAGS, _refuse_tag)


def decode(data: bytes) -> object:
    """Return the value of ``data``, as ``tracewire.cbor.decode`` does; ``Rejected("cbor.…")`` where it does."""
    try:
        value = _liberal(data)
        if _shortest((value,), 0) == len(data):
            return value
    except (cbor2.CBORError, _NotPlainError):
        pass
    return cbor.decode(data)


def decode_record(payload: bytes) -> records.Record:
    """Return the record in an opened payload, as ``tracewire.record.decode`` does; ``Rejected`` where it does."""
    if payload.startswith(_HEAD_OF_RECORD):
        try:
            return _plain_record(_liberal(payload), len(payload))
        except (cbor2.CBORError, _NotPlainError, LookupError, TypeError, ValueError, Rejected):
            pass
    return records.decode(payload)


_HEAD_OF_RECORD = bytes.fromhex("a8010102")
"""A map of eight, version 1 under key 1, and key 2: these are integers, not the booleans that equal them."""
_HEADER_KEYS = tuple(range(1, 9))
_HEADER_TYPES = (bytes, int, dict, list)
_PREV_BYTES = 32
_OF_FIXED_LENGTH = 1 + len(_HEADER_KEYS) + 1 + (2 + _PREV_BYTES) + 1 + 1 + 1
"""What the map, its keys, version, ``prev``, kind, and the heads of body and totals take."""


class _Row(NamedTuple):
    """A field by its key: what an integer must lie between, or the type of any other."""

    name: str
    least: int
    most: int
    other: Any
    required: int
    """1 or 0: they are counted."""


def _row(name: str, field: Any, required: bool) -> _Row:
    if isinstance(field, Number):
        return _Row(name, field.least, field.most, None, int(required))
    return _Row(name, 0, 0, field, int(required))


_ROWS = {kind: {key: _row(*row) for key, *row in rows} for kind, rows in _FIELDS.items()}
_REQUIRED = {kind: sum(row.required for row in rows.values()) for kind, rows in _ROWS.items()}


def _plain_record(entries: Any, length: int) -> records.Record:
    """Return the record of these entries; an error, whichever, when there is any doubt that the format has it so.

    One pass with the checks of ``tracewire.record.from_entries`` that counts what the shortest encodings take, which
    has to be ``length``: going through the values twice costs twice as much.
    """
    _, seq, prev, time_ms, kind, wire, totals, boot = entries.values()
    if tuple(entries) != _HEADER_KEYS or (type(prev), type(kind), type(wire), type(totals)) != _HEADER_TYPES:
        raise _NotPlainError
    count, grams, fen = totals
    taken = _OF_FIXED_LENGTH + _width(seq, 1, LARGEST) + _width(time_ms, 0, TIME.most) + _width(boot, 0, COUNT.most)
    taken += _width(count, 0, LARGEST) + _width(grams, 0, LARGEST) + _width(fen, 0, LARGEST)
    body: dict[str, Any] = {}
    rows, required, previous = _ROWS[kind], _REQUIRED[kind], 0
    for key, value in wire.items():
        name, least, most, other, is_required = rows[key]
        if type(key) is not int or key <= previous:
            raise _NotPlainError
        if other is None:
            taken += 1 + _width(value, least, most)
            body[name] = value
        else:
            taken += 1 + _shortest((value,), 2)
            body[name] = other.from_wire(value)
            if not other.check(body[name]):
                raise _NotPlainError
        required -= is_required
        previous = key
    if required or taken != length or len(prev) != _PREV_BYTES or (seq == 1) != (prev == NO_PREVIOUS):
        raise _NotPlainError
    return records.Record(kind, body, seq, prev, time_ms, (count, grams, fen), boot)


_WIDTHS = (2,) * 9 + (3,) * 8 + (5,) * 16 + (9,) * 32
"""Bytes of an integer from 24 up, by its length in bits."""


def _width(number: Any, least: int, most: int) -> int:
    """Return how many bytes an integer takes; ``_NotPlainError`` for what is none, or out of bounds."""
    if type(number) is not int or not least <= number <= most:
        raise _NotPlainError
    argument = number if number >= 0 else ~number
    return 1 if argument < 24 else _WIDTHS[argument.bit_length()]


_BEFORE_KID = bytes.fromhex("d28443a10126a10448")
"""Tag 18, an array of four, the protected header {1: -7}, the unprotected one {4: eight octets} (spec 2.2)."""
_HEAD_OF_PAYLOAD, _HEAD_OF_SIGNATURE = 0x58, b"\x58\x40"
_PAYLOAD_AT, _SIGNATURE_BYTES = len(_BEFORE_KID) + 8 + 2, 64
_AROUND_PAYLOAD = _PAYLOAD_AT + len(_HEAD_OF_SIGNATURE) + _SIGNATURE_BYTES


def parse(sealed: bytes) -> cose.Sealed:
    """Return the parts of a sealed record, as ``tracewire.cose.parse`` does; ``Rejected("cose.…")`` where it does.

    Most payloads are 24 to 255 bytes long, which makes their head two bytes. What is not spelled like that is left to
    the strict parser.
    """
    length = len(sealed) - _AROUND_PAYLOAD
    if (
        24 <= length <= 0xFF
        and sealed.startswith(_BEFORE_KID)
        and sealed[_PAYLOAD_AT - 2] == _HEAD_OF_PAYLOAD
        and sealed[_PAYLOAD_AT - 1] == length
        and sealed[-66:-64] == _HEAD_OF_SIGNATURE
    ):
        return cose.Sealed(sealed[9:17], sealed[_PAYLOAD_AT:-66], sealed[-64:])
    return cose.parse(sealed)


_BEFORE_SIGNED = cose.to_be_signed(b"", cose.RECORD)[:-1]
"""The Sig_structure of a record up to the head of its payload, which an empty one has too (spec 2.4)."""
_SIGNED_AT = len(_BEFORE_KID) + 8
_LARGEST_S = (ORDER >> 1).to_bytes(32, "big")


def verify(sealed: bytes, message: cose.Sealed, key: VerifyingKey) -> None:
    """Check the signature of a record that ``parse`` took apart, as ``tracewire.cose.verify`` does; ``Rejected``.

    What is signed stands in the sealed bytes as it is, because they have one spelling: nothing is put together anew.
    """
    signature = message.signature
    if message.kid != key.kid or signature[32:] > _LARGEST_S:
        cose.verify(message, cose.RECORD, key)  # which says what is wrong
    try:
        key.verify(_BEFORE_SIGNED + sealed[_SIGNED_AT : -len(_HEAD_OF_SIGNATURE) - _SIGNATURE_BYTES], signature)
    except Rejected:
        raise Rejected("cose.signature", "does not verify") from None


def reopen(sealed: bytes) -> records.Record:
    """Return the record in sealed bytes that were judged before they were stored; they are not judged again.

    Raises ``Rejected`` when they are none.
    """
    payload = parse(sealed).payload
    try:
        _, seq, prev, time_ms, kind, wire, totals, boot = _liberal(payload).values()
        body = {name: field.from_wire(wire[key]) for key, name, field, _ in _FIELDS[kind] if key in wire}
        return records.Record(kind, body, seq, prev, time_ms, tuple(totals), boot)
    except (cbor2.CBORError, _NotPlainError, AttributeError, LookupError, TypeError, ValueError):
        return decode_record(payload)  # which says what is wrong


def _liberal(data: bytes) -> Any:
    return cbor2.loads(
        data, tag_hook=_refuse_tag, semantic_decoders=_REFUSED_TAGS, max_depth=MAX_DEPTH + 2, allow_indefinite=False
    )


def _shortest(items: Iterable[object], depth: int) -> int:
    """Return how many bytes the shortest encodings of ``items`` take; ``_NotPlainError`` outside the subset.

    One loop and no call for an integer or a byte string, because records are made of those.
    """
    if depth > MAX_DEPTH:
        raise _NotPlainError
    length = 0
    for item in items:
        if type(item) is int:
            argument = item if item >= 0 else -1 - item
        elif type(item) is bytes:
            argument = len(item)
            length += argument
        elif item is None or type(item) is bool:
            argument = 0
        elif type(item) is list:
            argument = len(item)
            length += _shortest(item, depth + 1)
        elif type(item) is dict:
            argument = len(item)
            length += _keys(item) + _shortest(item.values(), depth + 1)
        elif type(item) is str:
            argument = len(item.encode())
            length += argument
        else:
            raise _NotPlainError
        if argument < 24:
            length += 1
        else:
            length += 2 if argument < 0x100 else 3 if argument < 0x10000 else 5 if argument < 0x100000000 else 9
    return length


def _keys(entries: dict[object, object]) -> int:
    """Return how many bytes the keys of a map take: one each, since they are the integers 0 to 23 in rising order."""
    previous = -1
    for key in entries:
        if type(key) is not int or not previous < key <= _LARGEST_KEY:
            raise _NotPlainError
        previous = key
    return len(entries)
