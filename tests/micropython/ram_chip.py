"""``hal.chip`` of a board whose flash is memory: erased whole blocks, written in pages, its power cut at will."""

BLOCK_BYTES, PAGE_BYTES = 4096, 256
MARK_BLOCKS = 2
_COUNT, _ERASE = 4, 6
_OCTETS_AT_ONCE = 64  # written between two moments at which the power may go


class PowerCut(Exception):
    """The board lost its power just now."""


class Flash:
    """Writing takes bits from 1 to 0, erasing brings them back. ``left``: steps until the power goes."""

    def __init__(self, blocks):
        self._memory = bytearray(b"\xff" * (blocks * BLOCK_BYTES))
        self.left = 1 << 29

    def ioctl(self, request, argument):
        if request == _COUNT:
            return len(self._memory) // BLOCK_BYTES
        assert request == _ERASE
        self._step()
        self._memory[argument * BLOCK_BYTES : (argument + 1) * BLOCK_BYTES] = b"\xff" * BLOCK_BYTES
        return 0

    def readblocks(self, number, buffer, offset):
        place = number * BLOCK_BYTES + offset
        buffer[:] = self._memory[place : place + len(buffer)]

    def writeblocks(self, number, buffer, offset):
        assert len(buffer) % PAGE_BYTES == 0 and offset % PAGE_BYTES == 0
        place = number * BLOCK_BYTES + offset
        for index, octet in enumerate(buffer):
            if index % _OCTETS_AT_ONCE == 0:
                self._step()
            self._memory[place + index] &= octet

    def _step(self):
        self.left -= 1
        if self.left < 0:
            raise PowerCut


newest = None


def fit(blocks):
    """Give the board a new, empty flash and return it."""
    global newest  # noqa: PLW0603 (a board has one)
    newest = Flash(blocks)
    return newest


def marks():
    """Return the blocks of the mark: all there are."""
    return newest
