"""Flash of the virtual board: MicroPython's own littlefs over an image file that behaves like NOR flash.

Every program and erase is one write to the image, unbuffered: what littlefs has synced survives ``kill -9``.
The image is a part of the board, so its geometry is read from its size; only ``mount(create=True)`` makes one.
"""

import os

import vfs
from tracewire.errors import Misuse, Unavailable

ROOT = "/flash"
BLOCK_SIZE = 4096  # bytes: the erase sector of common SPI NOR parts
_PAGE_SIZE = 256  # bytes written at once when erasing: the heap has no block to spare
DEFAULT_BLOCKS = 256  # 1 MiB, the partition that the flash budget is computed for
_SIZES = {"readsize": 128, "progsize": 32, "lookahead": 32}  # as on the real board, and for its reasons
ERASED = 0xFF  # NOR flash erases to ones and programs bits to zero

# Requests of the extended block protocol, named in MicroPython's ``vfs.AbstractBlockDev.ioctl``
_COUNT_BLOCKS = 4
_BLOCK_SIZE = 5
_ERASE_BLOCK = 6

_mounted = []


class BlockDevice:
    """Extended block protocol over a file; blocks are erased before littlefs programs them."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "r+b")  # noqa: SIM115 (held for as long as the board has power)
        self._blocks = self._file.seek(0, 2) // BLOCK_SIZE
        self._erased_page = bytes([ERASED]) * _PAGE_SIZE
        wear = os.getenv("CHENGXIN_WEAR")
        self._wear = open(wear, "ab") if wear else None  # noqa: SIM115 (as above)

    def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        """Fill ``buffer`` from ``block`` at byte ``offset``."""
        self._file.seek(block * BLOCK_SIZE + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block: int, buffer: bytes, offset: int = 0) -> None:
        """Program ``buffer`` into an erased part of ``block``."""
        self._file.seek(block * BLOCK_SIZE + offset)
        self._file.write(buffer)

    def ioctl(self, request: int, argument: int) -> int:
        """Answer the geometry; erase block ``argument``; the other requests need no work on an unbuffered file."""
        if request == _COUNT_BLOCKS:
            return self._blocks
        if request == _BLOCK_SIZE:
            return BLOCK_SIZE
        if request == _ERASE_BLOCK:
            if self._wear:
                self._wear.write(b"e")
            self._file.seek(argument * BLOCK_SIZE)
            for _ in range(BLOCK_SIZE // _PAGE_SIZE):
                self._file.write(self._erased_page)
        return 0


def mount(create: bool = False) -> str:
    """Mount the file system and return its root path.

    ``create`` formats a flash that holds no file system, and never one that does: unsent records may be on it.
    Only enrolment passes it. Mounting twice gives the same root. Raises Unavailable "flash.no_file_system".
    """
    if not _mounted:
        path = os.getenv("CHENGXIN_FLASH")
        if not path:
            raise Misuse("flash.no_image", "CHENGXIN_FLASH is not set")
        if create:
            _make_image(path)
        vfs.mount(_open(path, create), ROOT)
        _mounted.append(path)
    return ROOT


def _make_image(path: str) -> None:
    try:
        os.stat(path)
    except OSError:
        blocks = int(os.getenv("CHENGXIN_FLASH_BLOCKS") or DEFAULT_BLOCKS)
        with open(path, "wb") as image:
            for _ in range(blocks):
                image.write(bytes([ERASED]) * BLOCK_SIZE)


def _open(path: str, create: bool) -> object:
    try:
        device = BlockDevice(path)
    except OSError:
        raise Unavailable("flash.no_file_system", path)
    try:
        return vfs.VfsLfs2(device, mtime=False, **_SIZES)
    except OSError:
        if not create:
            raise Unavailable("flash.no_file_system", path)
    vfs.VfsLfs2.mkfs(device, **_SIZES)
    return vfs.VfsLfs2(device, mtime=False, **_SIZES)
