"""Deterministic CBOR, the subset that records are made of (spec 1).

Why a subset of our own: a signature covers bytes, so one value must have exactly one encoding, on a microcontroller and
on a server. RFC 8949 §4.2.1 with fewer types: integers up to 64 bits, byte strings, UTF-8 text, arrays, maps whose
keys are the integers 0 to 23 in rising order, false, true, null. No floats, no indefinite lengths, no tags (the one
tag of a sealed message is COSE's and lives in ``cose``).

``decode`` accepts only what ``encode`` would write; anything else is ``Rejected("cbor.…")``, never another exception.
"""

from tracewire.errors import Misuse, Rejected

MAX_DEPTH = 8
"""Nesting accepted; the deepest message (a registry bundle) needs four."""

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _SIMPLE = 0x00, 0x20, 0x40, 0x60, 0x80, 0xA0, 0xE0
_FALSE, _TRUE, _NULL = 0xF4, 0xF5, 0xF6
_LARGEST_ARGUMENT = 0xFFFFFFFFFFFFFFFF


def head(major: int, argument: int) -> bytes:
    """Return the initial bytes of an item: major type and shortest argument (spec 1.2)."""
    if argument < 24:
        return bytes((major | argument,))
    if argument < 0x100:
        return bytes((major | 24, argument))
    if argument < 0x10000:
        return bytes((major | 25,)) + argument.to_bytes(2, "big")
    if argument < 0x100000000:
        return bytes((major | 26,)) + argument.to_bytes(4, "big")
    if argument <= _LARGEST_ARGUMENT:
        return bytes((major | 27,)) + argument.to_bytes(8, "big")
    raise Misuse("cbor.range", "integers have at most 64 bits")


def encode(value: object) -> bytes:
    """Return the one deterministic encoding of ``value``; ``Misuse`` for a value outside the subset."""
    out = bytearray()
    _encode(value, out, 0)
    return bytes(out)


def _encode(value: object, out: bytearray, depth: int) -> None:
    # Into one buffer, not a list of pieces: on a board those took ten times the message.
    if depth > MAX_DEPTH:
        raise Misuse("cbor.depth")
    # bool before int: True is an int on CPython and is not one on MicroPython.
    if value is None or isinstance(value, bool):
        out.extend(bytes((_NULL if value is None else _TRUE if value else _FALSE,)))
    elif isinstance(value, int):
        out.extend(head(_UNSIGNED, value) if value >= 0 else head(_NEGATIVE, -1 - value))
    elif isinstance(value, (bytes, bytearray, memoryview)):
        out.extend(head(_BYTES, len(value)))
        out.extend(value)
    elif isinstance(value, str):
        text = value.encode()
        out.extend(head(_TEXT, len(text)))
        out.extend(text)
    elif isinstance(value, (list, tuple)):
        out.extend(head(_ARRAY, len(value)))
        for item in value:
            _encode(item, out, depth + 1)
    elif isinstance(value, dict):
        out.extend(head(_MAP, len(value)))
        for key in sorted(value):
            if isinstance(key, bool) or not isinstance(key, int) or not 0 <= key < 24:
                raise Misuse("cbor.key", "map keys are the integers 0 to 23")
            out.extend(bytes((key,)))
            _encode(value[key], out, depth + 1)
    else:
        raise Misuse("cbor.type", "no encoding for this type")


def decode(data: bytes) -> object:
    """Return the value of ``data``, which must be one item and nothing after it (spec 1.3).

    Arrays come back as lists, maps as dicts. Raises ``Rejected`` with the clause that was broken.
    """
    value, end = decode_item(data, 0)
    if end != len(data):
        raise Rejected("cbor.trailing", "bytes after the item")
    return value


def decode_item(data: bytes, start: int) -> "tuple[object, int]":
    """Return the item that begins at ``start`` and the offset just after it; for CBOR sequences (RFC 8742)."""
    return _decode(data, start, 0)


def _argument(data: bytes, at: int) -> "tuple[int, int]":
    """Return an item's argument and the offset after it, refusing any but the shortest form."""
    short = data[at] & 0x1F
    at += 1
    if short < 24:
        return short, at
    if short > 27:
        raise Rejected("cbor.indefinite", "indefinite or reserved length")
    width = 1 << (short - 24)
    if at + width > len(data):
        raise Rejected("cbor.truncated")
    argument = int.from_bytes(data[at : at + width], "big")
    if argument < 24 or (width > 1 and argument >> (4 * width) == 0):
        raise Rejected("cbor.shortest", "argument not in its shortest form")
    return argument, at + width


def _decode(data: bytes, at: int, depth: int) -> "tuple[object, int]":
    if at >= len(data):
        raise Rejected("cbor.truncated")
    if depth > MAX_DEPTH:
        raise Rejected("cbor.depth")
    initial = data[at]
    major = initial & 0xE0
    if major == _SIMPLE:
        if initial not in (_FALSE, _TRUE, _NULL):
            raise Rejected("cbor.type", "floats and other simple values are not in the subset")
        return (None if initial == _NULL else initial == _TRUE), at + 1
    argument, at = _argument(data, at)
    if major == _UNSIGNED:
        return argument, at
    if major == _NEGATIVE:
        return -1 - argument, at
    if major in (_BYTES, _TEXT):
        return _decode_string(data, at, argument, major == _TEXT)
    if major == _ARRAY:
        return _decode_array(data, at, argument, depth)
    if major == _MAP:
        return _decode_map(data, at, argument, depth)
    raise Rejected("cbor.tag", "tags are not in the subset")


def _decode_string(data: bytes, at: int, length: int, is_text: bool) -> "tuple[object, int]":
    end = at + length
    if end > len(data):
        raise Rejected("cbor.truncated")
    raw = bytes(data[at:end])
    if not is_text:
        return raw, end
    if not _is_utf8(raw):
        raise Rejected("cbor.text", "text is not UTF-8")
    return str(raw, "utf-8"), end


def _is_utf8(octets: bytes) -> bool:
    """Tell whether ``octets`` are UTF-8 (RFC 3629): shortest forms, no surrogates, nothing beyond U+10FFFF.

    Why not ask the decoder: MicroPython's lets most of that pass. Why octets and not the characters of a text: a
    single character that is taken out of a text becomes a name there, which stays in the heap until the power goes.
    """
    code = least = following = 0
    for octet in octets:
        if following:
            if octet & 0xC0 != 0x80:
                return False
            code = code << 6 | octet & 0x3F
            following -= 1
            if not following and (code < least or 0xD800 <= code < 0xE000 or code > 0x10FFFF):
                return False
        elif octet >= 0x80:
            following = 1 if octet & 0xE0 == 0xC0 else 2 if octet & 0xF0 == 0xE0 else 3 if octet & 0xF8 == 0xF0 else 0
            if not following:
                return False
            code, least = octet & (0x3F >> following), (0x80, 0x800, 0x10000)[following - 1]
    return not following


def _decode_array(data: bytes, at: int, count: int, depth: int) -> "tuple[object, int]":
    if count > len(data) - at:
        raise Rejected("cbor.truncated")
    items = []
    for _ in range(count):
        item, at = _decode(data, at, depth + 1)
        items.append(item)
    return items, at


def _decode_map(data: bytes, at: int, count: int, depth: int) -> "tuple[object, int]":
    if count > 24:
        raise Rejected("cbor.key", "map keys are the integers 0 to 23")
    entries = {}
    previous = -1
    for _ in range(count):
        if at >= len(data):
            raise Rejected("cbor.truncated")
        key = data[at]
        if key > 23:
            raise Rejected("cbor.key", "map keys are the integers 0 to 23")
        if key <= previous:
            raise Rejected("cbor.order", "map keys must rise and not repeat")
        previous = key
        entries[key], at = _decode(data, at + 1, depth + 1)
    return entries, at
