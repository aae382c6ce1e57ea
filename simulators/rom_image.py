"""Pack compiled firmware as ROMFS, MicroPython's read-only file system that code is run from in place.

Why: a board runs frozen bytecode from its flash, not from its heap. Loaded from ``.mpy`` files instead, the bytecode
alone would fill half of the heap, and the memory budget of the virtual board would say nothing about a real one.

Format (MicroPython ``extmod/vfs_rom.c``): records of kind, length and payload, numbers in base 128 with the high byte
first; a directory is a record whose payload is its name and its members, a file one of name and verbatim contents.
"""

from pathlib import Path

_MAGIC = b"\xd2\xcd\x31"  # "RM1": the kind of the outermost record
_VERBATIM = 2
_DIRECTORY = 4
_FILE = 5


def pack(folder: Path) -> bytes:
    """Return the image of everything in ``folder``; the same files give the same bytes."""
    members = _members(folder)
    return _MAGIC + _number(len(members)) + members


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
