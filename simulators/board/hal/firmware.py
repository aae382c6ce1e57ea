"""The program memory of the virtual board, which ``simulators/interpreter.py`` maps into its memory.

Two parts: the ROM image that the board was built with, and an area for the program of a slot, which outlives a power
cut as flash does.
"""

import os
from hashlib import sha256

import uctypes
import vfs
from tracewire.errors import Misuse, Unavailable

_MOUNT_POINT = "/program"
_PIECE_BYTES = 512


def digest() -> bytes:
    """Return the SHA-256 of the ROM, that of the file ``rom.img``; of nothing when the board runs from files."""
    return sha256(_memory("CHENGXIN_ROM")).digest()


def install(path: str) -> str:
    """Have the ROM image in ``path`` in the program area, and return where it is mounted.

    Written only where it differs: a power cut in between leaves an area that differs, and the next power-on writes
    again. ``Misuse("firmware.no_area")`` on a board that has none, or too small a one, ``Unavailable("update.flash")``
    when it does not hold what was written.
    """
    area = _memory("CHENGXIN_PROGRAM_AREA")
    if os.stat(path)[6] > len(area):
        raise Misuse("firmware.no_area", "%d bytes" % len(area))
    if not _differs(path, area) or not _write(path, area):
        vfs.mount(vfs.VfsRom(area), _MOUNT_POINT)
        return _MOUNT_POINT
    raise Unavailable("update.flash", "the program area does not hold what was written")


def _memory(name: str) -> bytearray:
    address, size = (os.getenv(name) or "0:0").split(":")
    return uctypes.bytearray_at(int(address), int(size)) if int(size) else bytearray(0)


def _differs(path: str, area: bytearray) -> bool:
    with open(path, "rb") as image:
        offset = 0
        piece = image.read(_PIECE_BYTES)
        while piece:
            if area[offset : offset + len(piece)] != piece:
                return True
            offset += len(piece)
            piece = image.read(_PIECE_BYTES)
    return False


def _write(path: str, area: bytearray) -> bool:
    """Write the image, and tell whether the area still differs."""
    with open(path, "rb") as image:
        offset = 0
        piece = image.read(_PIECE_BYTES)
        while piece:
            area[offset : offset + len(piece)] = piece
            offset += len(piece)
            piece = image.read(_PIECE_BYTES)
    return _differs(path, area)
