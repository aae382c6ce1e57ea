"""Pack compiled firmware as ROMFS, MicroPython's read-only file system that code is run from in place.

Why: a board runs frozen bytecode from its flash, not from its heap. Loaded from ``.mpy`` files instead, the bytecode
alone would fill half of the heap, and the memory budget of the virtual board would say nothing about a real one.

Format (MicroPython ``extmod/vfs_rom.c``): records of kind, length and payload, numbers in base 128 with the high byte
first; a directory is a record whose payload is its name and its members, a file one of name and verbatim contents.
"""

from collections.abc import Iterator
from pathlib import Path

_MAGIC = b"\xd2\xcd\x31"  # "RM1": the kind of the outermost record
_VERBATIM = 2
_DIRECTORY = 4
_FILE = 5
_OUTERMOST = 0x14A6B1  # the magic, read as a number
_IS_STATIC = 1  # in front of a name: every interpreter has it, and here is its number


def pack(folder: Path) -> bytes:
    """Return the image of everything in ``folder``; the same files give the same bytes."""
    members = _members(folder)
    return _MAGIC + _number(len(members)) + members


def files(image: bytes) -> Iterator[bytes]:
    """Yield the contents of every file in an image that ``pack`` made."""
    kind, payload, _ = _read_record(image)
    if kind == _VERBATIM:
        yield payload
        return
    if kind != _OUTERMOST:
        size, payload = _read_number(payload)
        payload = payload[size:]
    while payload:
        whole = payload
        _, _, payload = _read_record(whole)
        yield from files(whole[: len(whole) - len(payload)])


def names(module: bytes) -> set[str]:
    """Return the names that a ``.mpy`` file brings along (MicroPython documentation, "The .mpy file format")."""
    rest = module[4:]  # magic, version, features, bits of a small integer
    count, rest = _read_number(rest)
    _, rest = _read_number(rest)  # constants
    found = set()
    for _ in range(count):
        size, rest = _read_number(rest)
        if not size & _IS_STATIC:
            end = size >> 1
            found.add(rest[:end].decode())
            rest = rest[end + 1 :]
    return found


def _members(folder: Path) -> bytes:
    return b"".join(_member(path) for path in sorted(folder.iterdir()))


def _member(path: Path) -> bytes:
    name = _number(len(path.name.encode())) + path.name.encode()
    if path.is_dir():
        return _record(_DIRECTORY, name + _members(path))
    return _record(_FILE, name + _record(_VERBATIM, path.read_bytes()))


def _record(kind: int, payload: bytes) -> bytes:
    return _number(kind) + _number(len(payload)) + payload


def _number(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.insert(0, value & 0x7F | 0x80)
    return bytes(digits)


def _read_record(data: bytes) -> tuple[int, bytes, bytes]:
    """Return kind and payload of the record at the beginning of ``data``, and what follows it."""
    kind, rest = _read_number(data)
    size, rest = _read_number(rest)
    return kind, rest[:size], rest[size:]


def _read_number(data: bytes) -> tuple[int, bytes]:
    value = 0
    for place, octet in enumerate(data, start=1):
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            return value, data[place:]
    raise ValueError("a number without an end")
