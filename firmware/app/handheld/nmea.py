"""NMEA 0183 of a satellite receiver: whatever bytes come, the last measured position, its accuracy and UTC.

Total and bounded: no byte sequence raises or grows memory beyond one line; what cannot be read is counted in
``garbled`` and changes nothing. Integers only: a thousandth of a minute in a 32-bit float is 100 m on the ground.

GGA brings position, quality and HDOP, RMC brings date and time, GSA an HDOP where GGA has none. RMC and GSA may also
say that there is no fix, and then GGA is not believed either. A position that the receiver estimated, was typed or
simulated is none: only what satellites measured becomes a ``Fix``.
"""

from tracewire.errors import Rejected

LONGEST_LINE = 120
"""Bytes between two line ends. The standard allows 82; receivers with more digits exceed it, none reaches this."""

TALKERS = (b"GN", b"GP", b"BD", b"GB")
"""Combined, GPS, BeiDou as Chinese receivers write it, BeiDou as NMEA 4.1 does."""

MEASURED = (1, 2, 3, 4, 5)
"""GGA qualities that satellites measured; 6 is dead reckoning, 7 typed in, 8 a simulator."""

USER_RANGE_ERROR_MM = 5000
"""Accuracy (1 σ) is HDOP times this: the customary figure for a single-frequency receiver under an open sky. A market
roof makes it worse in a way that HDOP does not show, so it is a lower bound there."""

_MOST_HDOP = 9999  # hundredths; receivers write 99.99 or leave it empty when they have none
_MICRO = 1000000
_DAYS_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)
_DAYS_TO_2000 = 10957  # from 1970-01-01


class Fix:
    """One measured position; ``ticks_ms`` is the monotonic moment at which it arrived."""

    def __init__(self, latitude: int, longitude: int, accuracy_mm: int, quality: int, ticks_ms: int) -> None:
        self.latitude_microdegrees = latitude
        self.longitude_microdegrees = longitude
        self.accuracy_mm = accuracy_mm
        self.quality = quality
        self.ticks_ms = ticks_ms


class Receiver:
    """Reads the stream of one receiver.

    ``fix`` is the newest measured position, None before the first; it stays when the sky is lost, and its owner lets it
    age. ``quality`` is what GGA said last. ``utc_ms`` is the last valid time and ``utc_ticks_ms`` when it arrived.
    ``sentences`` counts what was read, ``garbled`` the lines that were damaged.
    """

    def __init__(self) -> None:
        self.fix = None
        self.quality = 0
        self.utc_ms = None
        self.utc_ticks_ms = 0
        self.sentences = 0
        self.garbled = 0
        self._line = bytearray()
        self._is_too_long = False
        self._is_void = {b"RMC": False, b"GSA": False}
        self._hdop = None
        self._readers = {b"GGA": self._gga, b"RMC": self._rmc, b"GSA": self._gsa}

    def feed(self, stream: bytes, ticks_ms: int) -> None:
        """Take the next bytes of the stream, cut anywhere, which arrived at ``ticks_ms``."""
        for octet in stream:
            if octet in b"\r\n":
                self._end_line(ticks_ms)
            elif octet == 0x24 and (self._line or self._is_too_long):  # "$": the line before it lost its end
                self._end_line(ticks_ms)
                self._line.append(octet)
            elif len(self._line) < LONGEST_LINE:
                self._line.append(octet)
            else:
                self._is_too_long = True

    def _end_line(self, ticks_ms: int) -> None:
        line, is_too_long = bytes(self._line), self._is_too_long
        self._line, self._is_too_long = bytearray(), False
        if not line:
            return
        try:
            if is_too_long:
                raise Rejected("nmea.length")
            self._read(_fields(line), ticks_ms)
            self.sentences += 1
        except Rejected:
            self.garbled += 1

    def _read(self, fields: "list[bytes]", ticks_ms: int) -> None:
        reader = self._readers.get(fields[0][2:])
        if reader and fields[0][:2] in TALKERS:  # other sentences and talkers are sound, and not for us
            reader(fields, ticks_ms)

    def _gga(self, fields: "list[bytes]", ticks_ms: int) -> None:
        _require(len(fields) == 15 and len(fields[6]) == 1)
        quality = _whole(fields[6])
        if quality in MEASURED and True in self._is_void.values():
            quality = 0  # the receiver contradicts itself
        if quality in MEASURED:
            hdop = _decimal(fields[8], 2) if fields[8] else self._hdop
            _require(hdop is not None and 0 < hdop <= _MOST_HDOP)
            latitude = _angle(fields[2], fields[3], 2, b"NS")
            longitude = _angle(fields[4], fields[5], 3, b"EW")
            self.fix = Fix(latitude, longitude, hdop * USER_RANGE_ERROR_MM // 100, quality, ticks_ms)
        self.quality = quality

    def _rmc(self, fields: "list[bytes]", ticks_ms: int) -> None:
        _require(len(fields) >= 10 and fields[2] in (b"A", b"V"))
        if fields[2] == b"A":
            self.utc_ms = _utc_ms(fields[9], fields[1])
            self.utc_ticks_ms = ticks_ms
        self._is_void[b"RMC"] = fields[2] == b"V"

    def _gsa(self, fields: "list[bytes]", _ticks_ms: int) -> None:
        _require(len(fields) >= 18 and fields[2] in (b"1", b"2", b"3"))
        if fields[2] != b"1":
            hdop = _decimal(fields[16], 2)
            _require(0 < hdop <= _MOST_HDOP)
            self._hdop = hdop
        self._is_void[b"GSA"] = fields[2] == b"1"


def checksum(body: bytes) -> int:
    """Return the XOR of everything between "$" and "*"."""
    value = 0
    for octet in body:
        value ^= octet
    return value


def _fields(line: bytes) -> "list[bytes]":
    """Return the fields of a whole sentence, its name first; ``Rejected`` for anything that is not one."""
    _require(line[:1] == b"$" and line[-3:-2] == b"*")
    body = line[1:-3]
    _require(len(body) >= 5 and min(body) >= 32 and max(body) < 127)
    if b"%02X" % checksum(body) != line[-2:].upper():
        raise Rejected("nmea.checksum")
    return body.split(b",")


def _angle(text: bytes, hemisphere: bytes, degree_digits: int, hemispheres: bytes) -> int:
    """Return microdegrees of ddmm.mmmm or dddmm.mmmm; south and west are negative."""
    whole, _, _ = text.partition(b".")
    _require(len(whole) == degree_digits + 2 and len(hemisphere) == 1 and hemisphere in hemispheres)
    microminutes = _decimal(text[degree_digits:], 6)
    _require(microminutes < 60 * _MICRO)
    microdegrees = _whole(whole[:degree_digits]) * _MICRO + (microminutes + 30) // 60
    _require(microdegrees <= (90 if degree_digits == 2 else 180) * _MICRO)
    return microdegrees if hemisphere == hemispheres[:1] else -microdegrees


def _utc_ms(date: bytes, time: bytes) -> int:
    """Return Unix milliseconds of ddmmyy in this century and hhmmss or hhmmss.sss."""
    whole, _, _ = time.partition(b".")
    _require(len(date) == 6 and len(whole) == 6)
    day, month, year = _whole(date[:2]), _whole(date[2:4]), _whole(date[4:])
    hour, minute, milliseconds = _whole(time[:2]), _whole(time[2:4]), _decimal(time[4:], 3)
    _require(1 <= month <= 12 and hour < 24 and minute < 60 and milliseconds < 60000)
    leap_day = 1 if year % 4 == 0 else 0  # true for every year of this century
    days_in_month = _DAYS_BEFORE_MONTH[month] - _DAYS_BEFORE_MONTH[month - 1] + (leap_day if month == 2 else 0)
    _require(1 <= day <= days_in_month)
    days = year * 365 + (year + 3) // 4 + _DAYS_BEFORE_MONTH[month - 1] + (leap_day if month > 2 else 0) + day - 1
    return (((_DAYS_TO_2000 + days) * 24 + hour) * 60 + minute) * 60000 + milliseconds


def _decimal(text: bytes, places: int) -> int:
    """Return an unsigned decimal fraction as an integer of ``places`` decimal places; further digits are cut off."""
    whole, _, fraction = text.partition(b".")
    _require(len(whole) <= 9 and (not fraction or _whole(fraction) >= 0))
    return _whole(whole + (fraction + b"0" * places)[:places])


def _whole(text: bytes) -> int:
    """Return an unsigned integer; ``int`` alone would take signs, spaces and underscores."""
    _require(len(text) > 0 and min(text) >= 48 and max(text) <= 57)
    return int(text)


def _require(holds: bool) -> None:
    if not holds:
        raise Rejected("nmea.field")
