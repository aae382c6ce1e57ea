"""Ear tags 畜禽标识 and hooks, as the reader at the rail says them: one frame on a line, checked to the last digit.

    $E135082140018200*76        "$", E and 15 digits of an ear tag, "*", checksum
    $H12*4B                     "$", H and 1 to 6 digits of a hook's transponder

The checksum is the exclusive or of everything between "$" and "*", in two capital hex digits (as NMEA 0183 does it);
a frame ends with CR LF. Why a letter says what it is: a transponder of ISO 11784 is 3 + 12 digits, as long as an ear
tag and something else, and a code is never classified by its length.

An ear tag is 1 digit of species, 6 of the county (GB/T 2260) and 8 of the animal (Order 67 of the Ministry of
Agriculture, 2006). Counties change every year, so only the shape of their code is checked.
"""

from tracewire.errors import Rejected

EAR_TAG = "E"
HOOK = "H"
EAR_TAG_DIGITS = 15
LARGEST_HOOK = 999999
"""Numbers above are given by the device, to carcasses that came with neither tag nor hook."""

PIG, CATTLE, SHEEP = 1, 2, 3  # the digit of species; sheep are also goats

_DIGITS = {EAR_TAG: (15, 15), HOOK: (1, 6)}
_PROVINCES = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))


def read(frame: bytes) -> "tuple[str, str]":
    """Return kind (``EAR_TAG`` or ``HOOK``) and digits of one frame, with or without its CR LF.

    Total: any other bytes are Rejected "tag.frame", or "tag.checksum" when a digit was lost on the way.
    """
    frame = frame.rstrip(b"\r\n")
    if len(frame) < 6 or frame[:1] != b"$" or frame[-3:-2] != b"*":
        raise Rejected("tag.frame")
    content = frame[1:-3]
    if frame[-2:] != ("%02X" % _xor(content)).encode():
        raise Rejected("tag.checksum")
    least, most = _DIGITS.get(chr(content[0]), (1, 0))
    digits = content[1:]
    if not least <= len(digits) <= most or not all([48 <= octet <= 57 for octet in digits]):
        raise Rejected("tag.frame")
    return chr(content[0]), digits.decode()


def check(tag: str, species: int) -> None:
    """Refuse 15 digits that no animal of ``species`` can wear: Rejected "tag.species", "tag.county", "tag.animal"."""
    if tag[0] != str(species):
        raise Rejected("tag.species", tag)
    if not any([first <= int(tag[1:3]) <= last for first, last in _PROVINCES]) or tag[3:5] == "00" or tag[5:7] == "00":
        raise Rejected("tag.county", tag)
    if tag[7:] == "00000000":
        raise Rejected("tag.animal", tag)


def _xor(content: bytes) -> int:
    check_byte = 0
    for octet in content:
        check_byte ^= octet
    return check_byte
