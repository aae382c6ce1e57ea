"""ESC/POS for a 58 mm printer: commands, lines of 32 columns, QR codes.

32 columns of 12 dots (384 dots). Text is GBK bytes: MicroPython has no GBK codec, and a receipt printer reads nothing
else; a Chinese character is two bytes and two columns wide.
"""

import binascii

COLUMNS = 32

INIT = b"\x1b@\x1c&"  # reset, then Chinese on
LEFT = b"\x1ba\x00"
CENTRE = b"\x1ba\x01"
LARGE = b"\x1d!\x11"
PLAIN = b"\x1d!\x00"
FEED_TO_TEAR = b"\x1bd\x04"
RULE = b"-" * COLUMNS + b"\n"

# QR functions of ESC/POS ``GS ( k``, cn 49: fn 65 model 2, fn 67 module of 4 dots, fn 69 level M, fn 81 print
_QR_MODEL_2 = b"\x1d(k\x04\x001A2\x00"
_QR_MODULE_4 = b"\x1d(k\x03\x001C\x04"
_QR_LEVEL_M = b"\x1d(k\x03\x001E1"
_QR_PRINT = b"\x1d(k\x03\x001Q0"


def title(text: bytes) -> bytes:
    """Set the heading of a slip, and what follows it to the left."""
    return INIT + CENTRE + LARGE + text + b"\n" + PLAIN + LEFT


def line(label: bytes, value: str, columns: int = COLUMNS) -> bytes:
    """Set the label to the left and the value to the right."""
    gap = max(1, columns - len(label) - len(value))
    return label + b" " * gap + value.encode() + b"\n"


def in_groups(code: str) -> str:
    """Write a code in groups of four, as a person reads it aloud."""
    return " ".join([code[start : start + 4] for start in range(0, len(code), 4)])


def address(trace_prefix: str, code: str, sealed: bytes) -> bytes:
    """Return what a QR says: trace page of ``code``, ``#``, the record in base64url without padding (RFC 4648 §5)."""
    text = binascii.b2a_base64(sealed).strip().replace(b"+", b"-").replace(b"/", b"_")
    return trace_prefix.encode() + code.encode() + b"#" + text.rstrip(b"=")


def qr(content: bytes) -> bytes:
    """Return the commands that store and print ``content`` as a QR code of level M with modules of 4 dots."""
    size = len(content) + 3
    store = b"\x1d(k" + bytes((size & 0xFF, size >> 8)) + b"1P0" + content
    return _QR_MODEL_2 + _QR_MODULE_4 + _QR_LEVEL_M + store + _QR_PRINT + b"\n"
