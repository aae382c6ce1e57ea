"""The program memory of the virtual board: the ROM image that ``simulators/interpreter.py`` maps into its memory."""

import os
from hashlib import sha256

import uctypes


def digest() -> bytes:
    """Return the SHA-256 of the ROM, that of the file ``rom.img``; of nothing when the board runs from files."""
    address, size = (os.getenv("CHENGXIN_ROM") or "0:0").split(":")
    return sha256(uctypes.bytearray_at(int(address), int(size)) if int(size) else b"").digest()
