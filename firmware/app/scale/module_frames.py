"""Frames of a sealed weighing module: the standard continuous output, which most modules and indicators can send.

Eighteen bytes, several times a second, without being asked; the high bit of each byte is parity and ignored:

    0      02        STX
    1      SWA       bits 0-2 place of the decimal point, bits 3-4 increment (1, 2, 5), bit 5 set
    2      SWB       bit 0 net, 1 negative, 2 out of range, 3 in motion, 4 kilograms, 5 set, 6 zero not yet captured
    3      SWC       bits 0-2 unit (0: as SWB says), 3 print key, 4 tenfold resolution, bit 5 set
    4-9    weight    six digits, blanks for leading zeros, no point, no sign
    10-15  tare      the same
    16     0D        CR
    17     checksum  all 18 bytes add up to 0 modulo 128

The module must show gross kilograms: a tare taken inside of it would be one that no record tells. Pure: bytes in,
frames out, nothing but ``Rejected`` comes out.
"""

from tracewire.errors import Rejected

FRAME_BYTES = 18

_STX, _CR = 0x02, 0x0D
_SEVEN_BITS = 0x7F
_ALWAYS_SET, _ALWAYS_CLEAR = 0x20, 0x40
_NET, _NEGATIVE, _OUT_OF_RANGE, _MOTION, _KILOGRAMS, _NO_ZERO = 0x01, 0x02, 0x04, 0x08, 0x10, 0x40
_UNIT, _TENFOLD = 0x07, 0x10
_MG_OF_HUNDRED_KG = 100000000  # one unit of the last digit when the point is at place 0


class Frame:
    """What a module says: gross ``milligrams``, and whether it is steady, in range and has captured its zero.

    ``setting`` is everything that must not change while the seal is whole: decimal point, increment, resolution.
    """

    def __init__(self, milligrams: int, swb: int, setting: int) -> None:
        self.milligrams = milligrams
        self.is_steady = not swb & _MOTION
        self.is_in_range = not swb & _OUT_OF_RANGE
        self.has_zero = not swb & _NO_ZERO
        self.setting = setting


def decode(frame: bytes) -> Frame:
    """Read one whole frame; ``Rejected("module.…")`` says what is wrong with it."""
    frame = bytes([octet & _SEVEN_BITS for octet in frame])
    if len(frame) != FRAME_BYTES or frame[0] != _STX or frame[16] != _CR:
        raise Rejected("module.frame")
    if sum(frame) & _SEVEN_BITS:
        raise Rejected("module.checksum")
    swa, swb, swc = frame[1:4]
    if not swa & swb & swc & _ALWAYS_SET or (swa | swc) & _ALWAYS_CLEAR:
        raise Rejected("module.status")
    if swb & _NET or _number(frame[10:16]):
        raise Rejected("module.net")
    if not swb & _KILOGRAMS or swc & _UNIT:
        raise Rejected("module.unit")
    unit_mg = _MG_OF_HUNDRED_KG // 10 ** (swa & 7)
    if swc & _TENFOLD:
        unit_mg //= 10
    milligrams = _number(frame[4:10]) * unit_mg
    return Frame(-milligrams if swb & _NEGATIVE else milligrams, swb, swa << 1 | bool(swc & _TENFOLD))


def encode(milligrams: int, is_steady: bool = True, is_in_range: bool = True, has_zero: bool = True) -> bytes:
    """Return the frame of a module that shows kilograms with three decimals in steps of 1 g; for virtual modules."""
    swb = _ALWAYS_SET | _KILOGRAMS
    for bit, holds in ((_NEGATIVE, milligrams < 0), (_OUT_OF_RANGE, not is_in_range)):
        swb |= bit if holds else 0
    for bit, holds in ((_MOTION, is_steady), (_NO_ZERO, has_zero)):
        swb |= 0 if holds else bit
    head = bytes((_STX, _ALWAYS_SET | 0x08 | 5, swb, _ALWAYS_SET))
    frame = head + b"%06d" % (abs(milligrams) // 1000) + b"000000\r"
    return frame + bytes((-sum(frame) & _SEVEN_BITS,))


class FrameStream:
    """Finds frames in bytes as they come: noise, half frames and damaged ones are passed over and counted.

    ``last_refusal`` is why the newest damaged frame was passed over.
    """

    def __init__(self) -> None:
        self._bytes = b""
        self.damaged = 0
        self.last_refusal = ""

    def feed(self, received: bytes) -> "list[Frame]":
        """Return the frames that are complete with ``received``; keeps less than one frame for the next time."""
        self._bytes += received
        frames = []
        while True:
            self._bytes = _from_start(self._bytes)
            if len(self._bytes) < FRAME_BYTES:
                return frames
            try:
                frames.append(decode(self._bytes[:FRAME_BYTES]))
                self._bytes = self._bytes[FRAME_BYTES:]
            except Rejected as refusal:
                self.damaged += 1
                self.last_refusal = refusal.code
                self._bytes = self._bytes[1:]  # this start may have been noise: another may lie inside


def _from_start(received: bytes) -> bytes:
    for at, octet in enumerate(received):
        if octet & _SEVEN_BITS == _STX:
            return received[at:]
    return b""


def _number(digits: bytes) -> int:
    text = digits.lstrip(b" ")
    if not all([48 <= digit <= 57 for digit in text]):
        raise Rejected("module.digits")
    return int(text or b"0")
