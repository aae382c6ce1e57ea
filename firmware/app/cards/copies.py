"""The two copies of a card's contents, sealed to the card: the newest whole one counts.

A slot holds two bytes of length and the copy ``[1, key version, generation, uid, contents, tag]`` in CBOR. The tag is
the first 8 bytes of AES-CMAC over the copy without it, under a key of this card's number alone. The number stands in
the copy as well: sectors copied to another card then show whose they were, and are told from damage.

A write goes to the slot that does not hold the newest copy and carries the next generation. Pulled out at any byte,
the card still has the old copy; the half-written one has no tag that fits.
"""

from tracewire import cbor
from tracewire.errors import Misuse, Rejected

from cards import cmac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cards.keyring import CardKeys, Keyring

MAX_GENERATION = 0xFFFFFFFF
TAG_BYTES = 8
LENGTH_BYTES = 2

_FORMAT = 1


class Copy:
    """One whole copy: ``generation``, ``contents`` (bytes), ``tag``, and ``slot``, the bytes as they lie there."""

    def __init__(self, generation: int, contents: bytes, tag: bytes, slot: bytes) -> None:
        self.generation = generation
        self.contents = contents
        self.tag = tag
        self.slot = slot


def seal(generation: int, contents: bytes, uid: bytes, keys: "CardKeys") -> Copy:
    """Return the copy of ``contents`` for the card ``uid``; Misuse when the generations are used up."""
    if not 0 < generation <= MAX_GENERATION:
        raise Misuse("card.generation", str(generation))
    fields: "list[object]" = [_FORMAT, keys.version, generation, uid, contents]
    tag = _tag(fields, keys)
    fields.append(tag)
    copy = cbor.encode(fields)
    return Copy(generation, contents, tag, len(copy).to_bytes(LENGTH_BYTES, "big") + copy)


def length(slot: bytes, room: int) -> int:
    """Return how many bytes of a slot of ``room`` bytes need to be read, from its first bytes; ``room`` at most."""
    return min(room, LENGTH_BYTES + int.from_bytes(slot[:LENGTH_BYTES], "big"))


def open_slot(slot: bytes, uid: bytes, keyring: "Keyring") -> "Copy | None":
    """Return the copy in a slot of the card ``uid``; ``None`` when nothing was ever written there.

    Rejected: "card.damaged" (half written, altered), "card.copied" (sealed by us for another card), "card.foreign" (a
    key version that this device does not have).
    """
    end = length(slot, len(slot))
    if not any(slot):
        return None
    try:
        fields = cbor.decode(slot[LENGTH_BYTES:end])
    except Rejected as refusal:
        raise Rejected("card.damaged", refusal.code)
    if not _is_copy(fields):
        raise Rejected("card.damaged", "not a copy")
    keys = keyring.find(fields[1])
    if not cmac.same(_tag(fields[:5], keys), fields[5]):
        raise Rejected("card.damaged", "tag")
    if fields[3] != uid:
        raise Rejected("card.copied", "sealed for another card")
    return Copy(fields[2], fields[4], fields[5], slot[:end])


def newest(slots: "list[bytes]", uid: bytes, keyring: "Keyring") -> "tuple[int, Copy | None, bool]":
    """Return (slot number, copy, whether the other slot needs repair) of the newest whole copy.

    The copy is ``None`` for a card on which nothing was ever written. Rejected as ``open_slot`` when no copy is whole,
    and whenever one of them was sealed for another card.
    """
    found, refusals = [], []
    for number, slot in enumerate(slots):
        try:
            copy = open_slot(slot, uid, keyring)
            if copy is not None:
                found.append((copy.generation, number, copy))
        except Rejected as refusal:
            if refusal.code == "card.copied":
                raise
            refusals.append(refusal)
    if not found:
        if refusals:
            raise refusals[0]
        return 0, None, True
    _, number, copy = max(found, key=lambda entry: entry[0])
    return number, copy, len(found) < len(slots)


def _tag(fields: "list[object]", keys: "CardKeys") -> bytes:
    return cmac.tag(keys.seal(fields[3]), cbor.encode(fields))[:TAG_BYTES]


def _is_copy(fields: object) -> bool:
    if not isinstance(fields, list) or len(fields) != 6:
        return False
    for number in fields[:3]:
        if isinstance(number, bool) or not isinstance(number, int):
            return False
    for octets in fields[3:]:
        if not isinstance(octets, bytes):
            return False
    return (
        fields[0] == _FORMAT
        and 0 < fields[2] <= MAX_GENERATION
        and len(fields[3]) in (4, 7, 10)
        and len(fields[5]) == TAG_BYTES
    )
