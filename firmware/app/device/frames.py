"""How a record lies in the journal: length, CRC-32, number, sealed bytes; and how a file of frames is read back.

Why a CRC beside the signature: at boot hundreds of records must be told from damage in milliseconds each, and only the
number and the CRC are needed for that. Little-endian like every processor we run on. Pure over a stream of bytes:
runs on MicroPython and CPython.
"""

import struct
from binascii import crc32

from tracewire.errors import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

HEADER = "<HII"  # length of the sealed bytes, CRC-32 over number and sealed bytes, seq
HEADER_BYTES = 10
MAX_SEALED_BYTES = 4096  # spec 2.6
MIN_SEALED_BYTES = 83  # tag, headers, empty payload and signature of spec 2.1
MIN_FRAME_BYTES = HEADER_BYTES + MIN_SEALED_BYTES
MAX_SEQ = 0xFFFFFFFF  # one record a second for 136 years


def header(seq: int, sealed: bytes) -> bytes:
    """Return what stands before a record's bytes in its frame; ``Misuse`` when it could not be read back."""
    if not MIN_SEALED_BYTES <= len(sealed) <= MAX_SEALED_BYTES or not 0 < seq <= MAX_SEQ:
        raise Misuse("journal.frame", "seq %d, %d bytes" % (seq, len(sealed)))
    return struct.pack(HEADER, len(sealed), _checksum(seq, sealed), seq)


def read(stream: "BinaryIO") -> "tuple[int, bytes] | None":
    """Return (seq, sealed) of the frame at the stream's position and move past it.

    ``None`` when there is no sound frame: at the end, where bytes are missing, or when the CRC does not hold; the
    stream is then past the frame if its length was credible, else where it was.
    """
    start = stream.tell()
    header = _read_header(stream)
    if header is None:
        stream.seek(start)
        return None
    length, checksum, seq = header
    sealed = stream.read(length)
    if len(sealed) < length:
        stream.seek(start)
        return None
    return (seq, sealed) if _checksum(seq, sealed) == checksum else None


def find(stream: "BinaryIO", seq: int) -> "bytes | None":
    """Return the sealed bytes of record ``seq``, searched from the stream's position; ``None`` when unreadable.

    Frames before it are skipped by their length alone, so that a cursor costs no CRC over records it has passed.
    """
    while True:
        start = stream.tell()
        header = _read_header(stream)
        if header is None:
            return None
        if header[2] == seq:
            stream.seek(start)
            found = read(stream)
            return found[1] if found else None
        stream.seek(start + HEADER_BYTES + header[0])


class Survey:
    """What a file of frames holds: ``first`` and ``last`` sound seq (0: none), ``damaged`` frames, ``lost_after``.

    ``damaged`` counts every unreadable frame. ``lost_after`` is the most records that can lie unreadable behind
    ``last``: their numbers must not be given again, because nobody knows whether they were published.
    """

    def __init__(self, stream: "BinaryIO", size: int) -> None:
        self.size = size
        self.first = self.last = self.damaged = self.lost_after = 0
        sound_to = 0
        while stream.tell() < size:
            start = stream.tell()
            frame = read(stream)
            if frame is not None:
                self.first = self.first or frame[0]
                self.last = frame[0]
                sound_to = stream.tell()
                continue
            self.damaged += 1
            if stream.tell() == start:  # not even the length is credible: nothing behind it can be found
                break
        if sound_to < size:
            self.lost_after = max(1, (size - sound_to) // MIN_FRAME_BYTES)


def _read_header(stream: "BinaryIO") -> "tuple[int, int, int] | None":
    header = stream.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return None
    length, checksum, seq = struct.unpack(HEADER, header)
    return (length, checksum, seq) if MIN_SEALED_BYTES <= length <= MAX_SEALED_BYTES else None


def _checksum(seq: int, sealed: bytes) -> int:
    return crc32(sealed, seq) & 0xFFFFFFFF
