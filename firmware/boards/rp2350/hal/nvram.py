"""A few bytes beside the file system: two blocks of flash in turn, so that one is always whole.

The chip has no store of its own for this. The blocks lie outside of littlefs, so a copy of the files does not take
them along; a copy of the whole flash does, and is found out by the keepers' receipts (docs/adr/0012).
Written once for 64 records (``device.mark``), a block that bears 100,000 erases outlasts the scale.
"""

import errno
from hashlib import sha256

from hal import chip

_PAGE_BYTES = 256  # what the flash is written in
_ERASE = 6  # request of the block protocol
_LONGEST = 64
_COUNTER_BYTES, _CHECK_BYTES = 4, 8


def read() -> bytes:
    """Return what was written last, nothing before the first time."""
    return _newest(chip.marks())[1]


def write(content: bytes) -> None:
    """Replace it, all or nothing; kept when this returns. ``OSError`` when the flash fails."""
    if len(content) > _LONGEST:
        raise OSError(errno.EINVAL)
    area = chip.marks()
    counter = _newest(area)[0] + 1
    number = counter % chip.MARK_BLOCKS
    head = counter.to_bytes(_COUNTER_BYTES, "big") + bytes((len(content),)) + content
    page = bytearray(b"\xff" * _PAGE_BYTES)
    page[: len(head) + _CHECK_BYTES] = head + sha256(head).digest()[:_CHECK_BYTES]
    area.ioctl(_ERASE, number)  # the older one: a power cut from here on leaves the newest before this
    area.writeblocks(number, page, 0)
    if _block(area, number) != (counter, content):
        raise OSError(errno.EIO)


def _newest(area: object) -> "tuple[int, bytes]":
    return max([_block(area, number) for number in range(chip.MARK_BLOCKS)])


def _block(area: object, number: int) -> "tuple[int, bytes]":
    """Return counter and content of a block; (0, b"") of one that is empty or was cut off."""
    page = bytearray(_PAGE_BYTES)
    area.readblocks(number, page, 0)
    end = _COUNTER_BYTES + 1 + min(page[_COUNTER_BYTES], _LONGEST)
    if bytes(page[end : end + _CHECK_BYTES]) != sha256(page[:end]).digest()[:_CHECK_BYTES]:
        return 0, b""
    return int.from_bytes(page[:_COUNTER_BYTES], "big"), bytes(page[_COUNTER_BYTES + 1 : end])
