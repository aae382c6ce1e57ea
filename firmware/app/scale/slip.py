"""The slip 零售追溯凭证: ESC/POS bytes for a 58 mm printer, with a code that carries the sealed record itself.

32 columns of 12 dots (384 dots). Chinese is GBK: fixed words from ``slip_labels``, names as GBK from enrolment. The QR
holds the trace address and, after ``#``, the sealed record: a phone can check the signature, and because browsers send
no fragment, no server sees which record was looked at.
"""

import binascii

from tracewire import record as records

from scale import slip_labels as labels
from scale.price import kilograms, yuan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scale.plu import Plu

COLUMNS = 32
LOCAL_OFFSET_MS = 8 * 3600 * 1000  # China Standard Time; no daylight saving

_INIT = b"\x1b@"
_CHINESE = b"\x1c&"
_LEFT = b"\x1ba\x00"
_CENTRE = b"\x1ba\x01"
_LARGE = b"\x1d!\x11"
_PLAIN = b"\x1d!\x00"
_FEED_TO_TEAR = b"\x1bd\x04"
_RULE = b"-" * COLUMNS + b"\n"

# QR functions of ESC/POS ``GS ( k``, cn 49: fn 65 model 2, fn 67 module of 4 dots, fn 69 level M, fn 81 print
_QR_MODEL_2 = b"\x1d(k\x04\x001A2\x00"
_QR_MODULE_4 = b"\x1d(k\x03\x001C\x04"
_QR_LEVEL_M = b"\x1d(k\x03\x001E1"
_QR_PRINT = b"\x1d(k\x03\x001Q0"


class Letterhead:
    """What every slip of this scale says: stall name in GBK, device name, address of the trace page, code base."""

    def __init__(self, stall_gbk: bytes, device: str, trace_prefix: str, code_base: str) -> None:
        self.stall_gbk = stall_gbk
        self.device = device
        self.trace_prefix = trace_prefix
        self.code_base = code_base


def compose(head: Letterhead, goods: "Plu", sale: "records.Record", sealed: bytes) -> bytes:
    """Return the printer bytes of the slip for ``sale``, whose sealed bytes are already in the journal."""
    code = records.code_of(head.code_base, sale.totals[0])
    return b"".join(
        (
            _INIT + _CHINESE + _CENTRE + _LARGE + labels.TITLE + b"\n" + _PLAIN + _LEFT,
            labels.STALL + head.stall_gbk + b"\n",
            labels.GOODS + goods.name_gbk + b"\n",
            _RULE,
            _amounts(sale.body),
            _RULE,
            labels.TIME + local_time(sale.time_ms).encode() + b"\n",
            labels.CODE + b"\n" + in_groups(code).encode() + b"\n",
            labels.DEVICE + head.device.encode() + b"\n",
            labels.SEQ + str(sale.seq).encode() + b"\n",
            _CENTRE + qr(address(head.trace_prefix, code, sealed)) + labels.SCAN + b"\n" + _FEED_TO_TEAR,
        )
    )


def _amounts(sale: "dict[str, int]") -> bytes:
    lines = [_line(labels.NET, kilograms(sale["net_grams"]))]
    if sale["tare_grams"]:
        lines.append(_line(labels.TARE, kilograms(sale["tare_grams"])))
    lines.append(_line(labels.PRICE, yuan(sale["price_fen_per_kg"])))
    lines.append(_LARGE + _line(labels.AMOUNT, yuan(sale["amount_fen"]), COLUMNS // 2) + _PLAIN)
    return b"".join(lines)


def _line(label: bytes, value: str, columns: int = COLUMNS) -> bytes:
    """Set the label to the left and the value to the right; a GBK character is two bytes and two columns wide."""
    gap = max(1, columns - len(label) - len(value))
    return label + b" " * gap + value.encode() + b"\n"


def address(trace_prefix: str, code: str, sealed: bytes) -> bytes:
    """Return what the QR says: trace page of ``code``, ``#``, the record in base64url without padding (RFC 4648 §5)."""
    text = binascii.b2a_base64(sealed).strip().replace(b"+", b"-").replace(b"/", b"_")
    return trace_prefix.encode() + code.encode() + b"#" + text.rstrip(b"=")


def qr(content: bytes) -> bytes:
    """Return the commands that store and print ``content`` as a QR code of level M with modules of 4 dots."""
    size = len(content) + 3
    store = b"\x1d(k" + bytes((size & 0xFF, size >> 8)) + b"1P0" + content
    return _QR_MODEL_2 + _QR_MODULE_4 + _QR_LEVEL_M + store + _QR_PRINT + b"\n"


def in_groups(code: str) -> str:
    """Write a code in groups of four, as a person reads it aloud."""
    return " ".join([code[start : start + 4] for start in range(0, len(code), 4)])


def local_time(time_ms: int) -> str:
    """Write Unix milliseconds as local date and time, by integers: a board's own calendar may start in 2000."""
    seconds = (time_ms + LOCAL_OFFSET_MS) // 1000
    year, month, day = _civil(seconds // 86400)
    second = seconds % 86400
    return "%04d-%02d-%02d %02d:%02d:%02d" % (year, month, day, second // 3600, second // 60 % 60, second % 60)


def _civil(days: int) -> "tuple[int, int, int]":
    """Gregorian date of a day counted from 1970-01-01, in 400-year eras whose years begin in March."""
    era, day_of_era = divmod(days + 719468, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * march_month + 2) // 5 + 1
    month = march_month + 3 if march_month < 10 else march_month - 9
    return year_of_era + era * 400 + (month <= 2), month, day
