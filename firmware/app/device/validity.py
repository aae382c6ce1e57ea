"""From when to when a certificate holds (X.509, RFC 5280 §4.1.2.5), by the device's own clock.

Why beside mbedTLS: ports differ in what clock it asks, and some ask none. The check runs inside the handshake, for
every certificate of the chain; what it refuses ends the handshake.
"""

from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

VERIFY_FAILED = -0x2700  # MBEDTLS_ERR_X509_CERT_VERIFY_FAILED

_SEQUENCE, _CONTEXT_0, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


def check(now_ms: "Callable[[], int]") -> "Callable[[bytes, int], int]":
    """Return what ``SSLContext.verify_callback`` wants: 0 for a certificate that holds now, else an error number."""

    def judge(certificate: bytes, _depth: int) -> int:
        try:
            begins_ms, ends_ms = dates(bytes(certificate))
        except Rejected:
            return VERIFY_FAILED
        return 0 if begins_ms <= now_ms() <= ends_ms else VERIFY_FAILED

    return judge


def dates(certificate: bytes) -> "tuple[int, int]":
    """Return (not before, not after) in Unix milliseconds; ``Rejected("certificate.form")`` for anything else."""
    try:
        at, _ = _enter(certificate, 0, _SEQUENCE)
        at, _ = _enter(certificate, at, _SEQUENCE)
        if certificate[at] == _CONTEXT_0:
            at = _after(certificate, at)  # version
        for _ in range(3):  # serial number, signature algorithm, issuer
            at = _after(certificate, at)
        at, _ = _enter(certificate, at, _SEQUENCE)
        return _time(certificate, at), _time(certificate, _after(certificate, at))
    except (IndexError, ValueError):
        raise Rejected("certificate.form")


def _enter(data: bytes, at: int, tag: int) -> "tuple[int, int]":
    """Return start and end of the contents of the element at ``at``; definite lengths up to 65,535."""
    if data[at] != tag:
        raise ValueError
    size = data[at + 1]
    at += 2
    if size > 0x82:
        raise ValueError
    if size & 0x80:
        width = size & 0x7F
        size = int.from_bytes(data[at : at + width], "big")
        at += width
    if at + size > len(data):
        raise ValueError
    return at, at + size


def _after(data: bytes, at: int) -> int:
    return _enter(data, at, data[at])[1]


def _time(data: bytes, at: int) -> int:
    """Read YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ; two digits mean 1950 to 2049."""
    start, end = _enter(data, at, data[at])
    text = data[start:end].decode()
    if data[at] == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif data[at] != _GENERALIZED_TIME:
        raise ValueError
    if len(text) != 15 or text[14] != "Z":
        raise ValueError
    parts = [int(text[place : place + 2]) for place in range(4, 14, 2)]
    return unix_ms(int(text[:4]), parts[0], parts[1]) + ((parts[2] * 60 + parts[3]) * 60 + parts[4]) * 1000


def unix_ms(year: int, month: int, day: int) -> int:
    """Return Unix milliseconds of midnight UTC, by integers: the inverse of ``local_time``'s civil date."""
    if month <= 2:
        year -= 1
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return (era * 146097 + day_of_era - 719468) * 86400000
