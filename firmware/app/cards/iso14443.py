"""A card as the reader announces it: number, kind, and the short commands that chips with a file system take.

Numbers of 4 and 7 bytes (ISO 14443-3 cascade levels 1 and 2); a number that starts with 08 is drawn at random for every
tap and identifies nobody.
"""

from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Exchange = Callable[[bytes], Awaitable[bytes]]

NTAG424 = "ntag424"
MIFARE_CLASSIC = "mifare-classic"

STATUS_OK = 0x9100
STATUS_ISO_OK = 0x9000
STATUS_MORE = 0x91AF

_CASCADE_TAG = 0x88
_RANDOM_NUMBER = 0x08
_SAK_CLASSIC = (0x08, 0x09, 0x18, 0x28, 0x38, 0x88)  # AN10833: 1K, Mini, 4K, and what emulates them
_SAK_ISO_DEP = 0x20


class Target:
    """One card in the field: ``uid`` and ``kind`` (NTAG424 stands for any chip that takes ISO 7816-4 commands)."""

    def __init__(self, uid: bytes, kind: str) -> None:
        self.uid = uid
        self.kind = kind


def parse_target(answer: bytes) -> "Target | None":
    """Read the PN532's list of targets (UM0701-02 §7.3.5); ``None`` when the field is empty.

    Rejected "card.foreign" for a card whose kind or number is of no use here, and for a list that is not one.
    """
    if answer[:1] == b"\x00":
        return None
    if len(answer) < 6 or answer[0] != 1:
        raise Rejected("card.foreign", "not one card")
    sak, uid_bytes = answer[4], answer[5]
    uid = answer[6 : 6 + uid_bytes]
    if uid_bytes not in (4, 7) or len(uid) != uid_bytes or uid[0] in (_CASCADE_TAG, _RANDOM_NUMBER):
        raise Rejected("card.foreign", "number")
    if sak in _SAK_CLASSIC:
        return Target(bytes(uid), MIFARE_CLASSIC)
    if sak & _SAK_ISO_DEP and uid_bytes == 7:
        return Target(bytes(uid), NTAG424)
    raise Rejected("card.foreign", "SAK %02x" % sak)


def split_status(answer: bytes) -> "tuple[bytes, int]":
    """Return (data, status word) of a card's answer; Rejected "card.foreign" when it has no status word."""
    if len(answer) < 2:
        raise Rejected("card.foreign", "no status")
    return bytes(answer[:-2]), int.from_bytes(answer[-2:], "big")
