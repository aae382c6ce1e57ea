"""Flash parts for the device tests: NOR memory in RAM that counts its wear, and one whose power can be cut.

    flash = CuttingFlash(64)
    mounted(flash, create=True)
    flash.cut_after(17)            # the 17th program or erase is torn in the middle; nothing works after it
    ...                            # OSError comes out of the file system
    flash.power_on(); mounted(flash)

Not a mock: littlefs above is MicroPython's own, below is what a NOR part does. A program may only clear bits.
"""

import errno

import vfs

BLOCK_BYTES = 4096
ROOT = "/cut"

# What hal.flash should mount with: 512-byte caches, so that a slot of the journal lives inside littlefs' own log.
OPTIONS = {"readsize": 128, "progsize": 32, "lookahead": 32, "mtime": False}


class CountingFlash:
    """NOR flash of ``blocks`` erase blocks in RAM; counts erases and programmed bytes.

    Errors are returned as numbers, as the block protocol wants: an exception would jump over littlefs' own clean-up.
    """

    def __init__(self, blocks):
        self.blocks = blocks
        self.memory = bytearray(b"\xff" * (blocks * BLOCK_BYTES))
        self._view = memoryview(self.memory)
        self._erased = bytes(b"\xff" * BLOCK_BYTES)
        self.erases = 0
        self.programmed_bytes = 0

    def readblocks(self, block, buffer, offset=0):
        start = block * BLOCK_BYTES + offset
        buffer[:] = self._view[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * BLOCK_BYTES + offset
        self.programmed_bytes += len(buffer)
        self._view[start : start + len(buffer)] = buffer

    def erase(self, block):
        self.erases += 1
        self._view[block * BLOCK_BYTES : (block + 1) * BLOCK_BYTES] = self._erased
        return 0

    def ioctl(self, request, argument):
        if request == 4:
            return self.blocks
        if request == 5:
            return BLOCK_BYTES
        return self.erase(argument) if request == 6 else 0


class CuttingFlash(CountingFlash):
    """The same, with a power supply that fails in the middle of a chosen program or erase."""

    def __init__(self, blocks):
        CountingFlash.__init__(self, blocks)
        self.is_powered = True
        self.is_read_only = False  # reads still work, every program and erase fails
        self.operations = 0
        self._cut_at = 0

    def cut_after(self, operations):
        """Tear the ``operations``-th program or erase from now; 0 only counts them."""
        self.operations = 0
        self._cut_at = operations

    def power_on(self):
        self.is_powered = True
        self._cut_at = 0

    def _is_torn(self):
        self.operations += 1
        if self.operations == self._cut_at:
            self.is_powered = False
            return True
        return False

    def readblocks(self, block, buffer, offset=0):
        if not self.is_powered:
            return -errno.EIO
        return CountingFlash.readblocks(self, block, buffer, offset)

    def writeblocks(self, block, buffer, offset=0):
        if not self.is_powered or self.is_read_only:
            return -errno.EIO
        if self._is_torn():
            CountingFlash.writeblocks(self, block, memoryview(buffer)[: len(buffer) // 2], offset)
            return -errno.EIO
        return CountingFlash.writeblocks(self, block, buffer, offset)

    def erase(self, block):
        if not self.is_powered or self.is_read_only:
            return -errno.EIO
        if self._is_torn():
            start = block * BLOCK_BYTES
            self._view[start : start + BLOCK_BYTES // 2] = self._erased[: BLOCK_BYTES // 2]
            return -errno.EIO
        return CountingFlash.erase(self, block)


class Nvram:
    """``hal.nvram`` of a test's board: outside of the flash, so no power cut there and no restored image reaches it."""

    def __init__(self):
        self.content = b""
        self.writes = 0
        self.is_broken = False

    def read(self):
        return self.content

    def write(self, content):
        if self.is_broken:
            raise OSError(errno.EIO)
        self.content = content
        self.writes += 1


def mounted(flash, create=False):
    """Mount littlefs on ``flash`` at ROOT, as after a power-on; ``OSError`` when it does not mount."""
    unmount()
    if create:
        sizes = {name: OPTIONS[name] for name in ("readsize", "progsize", "lookahead")}
        vfs.VfsLfs2.mkfs(flash, **sizes)
    vfs.mount(vfs.VfsLfs2(flash, **OPTIONS), ROOT)
    return ROOT


def unmount():
    """Unmount ROOT if anything is there: what a power cut does to everything in RAM."""
    try:
        vfs.umount(ROOT)
    except OSError:
        return
