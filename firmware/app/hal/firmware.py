"""The program memory of the board: what was flashed, and the ROM area beside it.

The interpreter has the loader frozen in it. A release comes as a ROM image and is run in place from the ROM area,
which MicroPython gives out as a block device (``vfs.rom_ioctl``, the interface that ``mpremote romfs`` uses too).
"""

import os
from hashlib import sha256

import vfs
from tracewire.errors import Misuse, Unavailable

from hal import chip

_MOUNT_POINT = "/program"
_BLOCK_BYTES = 4096
_PIECE_BYTES = 512  # a whole number of flash pages
_SEGMENTS, _SEGMENT = 1, 2  # requests of vfs.rom_ioctl (MicroPython, extmod/vfs.h); the ROM area is segment 0
_BLOCK_COUNT, _ERASE = 4, 6  # requests of the block protocol


def digest() -> bytes:
    """Return the SHA-256 of what was flashed, about a second's work; the bench knows it from flashing the board."""
    checksum = sha256()
    for piece in chip.program():
        checksum.update(piece)
    return checksum.digest()


def install(path: str) -> str:
    """Have the ROM image in ``path`` in the ROM area, and return where it is mounted.

    Written only when it differs: a power cut in between leaves an area that differs, and the next power-on writes
    again. ``Misuse("firmware.no_area")`` on a board without a ROM area, or with too small a one,
    ``Unavailable("update.flash")`` when it does not hold what was written.
    """
    size = os.stat(path)[6]
    area = vfs.rom_ioctl(_SEGMENT, 0) if vfs.rom_ioctl(_SEGMENTS) > 0 else None  # a negative number: no such request
    if area is None or size > area.ioctl(_BLOCK_COUNT, 0) * _BLOCK_BYTES:
        raise Misuse("firmware.no_area", "a release needs a ROM area of %d bytes" % size)
    if _differs(path, area):
        _write(path, area)
        if _differs(path, area):
            raise Unavailable("update.flash", "the ROM area does not hold what was written")
    if _MOUNT_POINT[1:] not in os.listdir("/"):
        vfs.mount(vfs.VfsRom(area), _MOUNT_POINT)
    return _MOUNT_POINT


def _differs(path: str, area: object) -> bool:
    held = bytearray(_PIECE_BYTES)
    with open(path, "rb") as image:
        offset = 0
        piece = image.read(_PIECE_BYTES)
        while piece:
            area.readblocks(offset // _BLOCK_BYTES, held, offset % _BLOCK_BYTES)
            if held[: len(piece)] != piece:
                return True
            offset += len(piece)
            piece = image.read(_PIECE_BYTES)
    return False


def _write(path: str, area: object) -> None:
    with open(path, "rb") as image:
        offset = 0
        piece = image.read(_PIECE_BYTES)
        while piece:
            number, place = offset // _BLOCK_BYTES, offset % _BLOCK_BYTES
            if not place:
                area.ioctl(_ERASE, number)
            area.writeblocks(number, piece + b"\xff" * (_PIECE_BYTES - len(piece)), place)  # whole pages only
            offset += len(piece)
            piece = image.read(_PIECE_BYTES)
