"""The program memory of the board: the application partition of the ESP32, and the ROM partition beside it.

The application has the loader frozen in it. A release comes as a ROM image and is run in place from the ROM partition
(``vfs.rom_ioctl``, the interface that ``mpremote romfs`` uses too).
"""

import os
from hashlib import sha256

import vfs
from esp32 import Partition
from tracewire.errors import Misuse, Unavailable

_BLOCK_BYTES = 4096
_BLOCK_COUNT = 4  # request of the block protocol

_MOUNT_POINT = "/program"
_PIECE_BYTES = 512
# Requests of vfs.rom_ioctl (MicroPython, extmod/vfs.h); the ROM partition is segment 0
_SEGMENTS, _SEGMENT, _PREPARE, _WRITE, _COMPLETE = 1, 2, 3, 4, 5


def digest() -> bytes:
    """Return the SHA-256 of the whole partition, about a second's work; the bench knows it from flashing the board."""
    partition = Partition(Partition.RUNNING)
    checksum = sha256()
    block = bytearray(_BLOCK_BYTES)
    for number in range(partition.ioctl(_BLOCK_COUNT, 0)):
        partition.readblocks(number, block)
        checksum.update(block)
    return checksum.digest()


def install(path: str) -> str:
    """Have the ROM image in ``path`` in the ROM partition, and return where it is mounted.

    Written only when it differs: a power cut in between leaves a partition that differs, and the next power-on writes
    again. ``Misuse("firmware.no_area")`` on a board without a ROM partition, or with too small a one,
    ``Unavailable("update.flash")`` when it does not hold what was written.
    """
    size = os.stat(path)[6]
    if not vfs.rom_ioctl(_SEGMENTS) or size > len(vfs.rom_ioctl(_SEGMENT, 0)):
        raise Misuse("firmware.no_area", "a release needs a ROM partition of %d bytes" % size)
    if _differs(path):
        _write(path, size)
        if _differs(path):
            raise Unavailable("update.flash", "the ROM partition does not hold what was written")
    if _MOUNT_POINT[1:] not in os.listdir("/"):
        vfs.mount(vfs.VfsRom(vfs.rom_ioctl(_SEGMENT, 0)), _MOUNT_POINT)
    return _MOUNT_POINT


def _differs(path: str) -> bool:
    area = memoryview(vfs.rom_ioctl(_SEGMENT, 0))
    with open(path, "rb") as image:
        offset = 0
        piece = image.read(_PIECE_BYTES)
        while piece:
            if area[offset : offset + len(piece)] != piece:
                return True
            offset += len(piece)
            piece = image.read(_PIECE_BYTES)
    return False


def _write(path: str, size: int) -> None:
    vfs.rom_ioctl(_PREPARE, 0, size)  # erases
    with open(path, "rb") as image:
        offset = 0
        piece = image.read(_PIECE_BYTES)
        while piece:
            vfs.rom_ioctl(_WRITE, 0, offset, piece)
            offset += len(piece)
            piece = image.read(_PIECE_BYTES)
    vfs.rom_ioctl(_COMPLETE, 0)
