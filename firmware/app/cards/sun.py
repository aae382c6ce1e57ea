"""The message that an NTAG 424 DNA makes anew for every tap: its number and a count of taps, encrypted and signed.

Secure dynamic messaging (NT4H2421Gx §9.3, AN12196 §3): the chip mirrors two fields into the address that a phone
would open, ``…e=<32 hex digits>…c=<16 hex digits>``. The count only ever rises, so a message that was listened to
once is of no use again. Pure; anything that is not such a message is Rejected "card.foreign".
"""

from binascii import unhexlify

from tracewire.errors import Rejected

from cards import aes, cmac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cards.keyring import CardKeys

_NUMBER, _TAG = b"e=", b"c="
_NUMBER_DIGITS, _TAG_DIGITS = 32, 16
_NUMBER_AND_COUNT_OF_7 = 0xC7  # §9.3.4: number mirrored, count mirrored, number of 7 bytes
_MAC_LABEL = b"\x3c\xc3\x00\x01\x00\x80"  # §9.3.9.1


class Tap:
    """Who was tapped: ``uid``, and ``count``, the taps of this card so far."""

    def __init__(self, uid: bytes, count: int) -> None:
        self.uid = uid
        self.count = count


def verify(message: bytes, keys: "CardKeys") -> Tap:
    """Return the tap that a card's NDEF file tells of; Rejected "card.foreign" unless our keys made it."""
    number_at = message.find(_NUMBER)
    tag_at = message.find(_TAG, number_at + 2 + _NUMBER_DIGITS)
    if number_at < 0 or tag_at < 0:
        raise Rejected("card.foreign", "no message")
    number = _field(message, number_at, _NUMBER_DIGITS)
    tag = _field(message, tag_at, _TAG_DIGITS)
    plain = aes.decrypt(keys.meta, aes.ZERO, number)
    if plain[0] != _NUMBER_AND_COUNT_OF_7:
        raise Rejected("card.foreign", "message of another kind")
    uid, count = plain[1:8], plain[8:11]
    session_key = cmac.tag(keys.mac(uid), _MAC_LABEL + uid + count)
    if not cmac.same(cmac.short_tag(session_key, b""), tag):
        raise Rejected("card.foreign", "message not signed by our key")
    return Tap(uid, int.from_bytes(count, "little"))


def _field(message: bytes, at: int, digits: int) -> bytes:
    text = bytes(message[at + 2 : at + 2 + digits])
    try:
        field = unhexlify(text)
    except ValueError:
        raise Rejected("card.foreign", "digits")
    if len(field) * 2 != digits:
        raise Rejected("card.foreign", "message cut short")
    return field
