"""The electronic identity mark 电子身份标识 of an operator: what its QR code or RFID tag says (spec 12).

A mark is an address, ``https://…/e/<party>``, so that anyone's phone may follow it, with an optional sealed statement
behind ``#``. Plain, it names a party and proves nothing. Sealed, it proves that the cloud issued it after approval
(Zhengzhou measures art. 11.2); it still may be a copy, so a mark counts as a hint of where somebody stood.
"""

from binascii import a2b_base64, b2a_base64

from tracewire import cbor, cose
from tracewire.errors import Misuse, Rejected
from tracewire.fields import LARGEST, Digits, Number, Text, pack_digits, unpack_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracewire.p256 import SigningKey, VerifyingKey

PURPOSE = b"chengxin/mark/1"
LONGEST = 600
"""Bytes of a whole mark (spec 12.4); longer ones print too fine for a handheld's scanner."""

_PATH = b"/e/"
_PARTY = Digits(13, 9)
_NUMBER = Number(0x7FFFFFFF)
_NAME = Text(96)
_TIME = Number(LARGEST)


class Mark:
    """What a sealed mark states: party digits, running number of the mark, the party's public name, when issued."""

    def __init__(self, party: str, number: int, name: str, issued_ms: int) -> None:
        self.party = party
        self.number = number
        self.name = name
        self.issued_ms = issued_ms


def issue(prefix: str, mark: Mark, key: "SigningKey") -> str:
    """Return the text of a sealed mark; ``prefix`` ends in ``/e/``. ``Misuse("mark.field")`` when out of bounds."""
    if not _is_sound(mark):
        raise Misuse("mark.field")
    payload = cbor.encode({1: 1, 2: pack_digits(mark.party), 3: mark.number, 4: mark.name, 5: mark.issued_ms})
    sealed = b2a_base64(cose.seal(payload, PURPOSE, key)).strip().rstrip(b"=")
    return prefix + mark.party + "#" + sealed.replace(b"+", b"-").replace(b"/", b"_").decode()


def read(scanned: bytes) -> "tuple[str, bytes]":
    """Return the party that a scanned mark names and its sealed statement, empty when it is plain; nothing is verified.

    Total: ``Rejected("mark.…")`` for anything that is no mark.
    """
    if len(scanned) > LONGEST:
        raise Rejected("mark.length")
    address, _, fragment = bytes(scanned).strip().partition(b"#")
    start, _, party = address.rpartition(_PATH)
    if not start.startswith((b"http://", b"https://")) or not _is_party(party):
        raise Rejected("mark.address", "http…/e/<party> expected")
    return party.decode(), from_base64url(fragment)


def open_sealed(sealed: bytes, party: str, key: "VerifyingKey") -> Mark:
    """Return what a mark states once ``key`` proves it; ``Rejected`` for a seal or a statement that does not hold."""
    mark = _decode(cbor.decode(cose.open(sealed, PURPOSE, key).payload))
    if mark.party != party:
        raise Rejected("mark.party", "the address names another party than the seal")
    return mark


def _decode(entries: object) -> Mark:
    if not isinstance(entries, dict) or len(entries) != 5 or any(number not in entries for number in range(1, 6)):
        raise Rejected("mark.field", "keys 1 to 5 expected")
    if entries[1] != 1:
        raise Rejected("mark.version")
    mark = Mark(unpack_digits(entries[2]), entries[3], entries[4], entries[5])
    if not _is_sound(mark):
        raise Rejected("mark.field")
    return mark


def _is_sound(mark: Mark) -> bool:
    is_named = _PARTY.check(mark.party) and _NAME.check(mark.name)
    return is_named and _NUMBER.check(mark.number) and _TIME.check(mark.issued_ms)


def _is_party(text: bytes) -> bool:
    return 9 <= len(text) <= 13 and min(text) >= 48 and max(text) <= 57


def from_base64url(text: bytes) -> bytes:
    """Return the bytes of unpadded base64url, or ``Rejected("mark.base64")``.

    Every character is checked first, because decoders pass over foreign ones.
    """
    if len(text) % 4 == 1:
        raise Rejected("mark.base64")
    for octet in text:
        if not (48 <= octet <= 57 or 65 <= octet <= 90 or 97 <= octet <= 122 or octet in b"-_"):
            raise Rejected("mark.base64")
    return a2b_base64(text.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(text) % 4))
