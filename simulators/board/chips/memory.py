"""A card between two readers: everything that it keeps without a field, as JSON can carry it.

A physical card carries its own memory from one device to the next. Virtual devices are processes of their own, so
whoever holds the card, the front panel, holds this.
"""

from binascii import hexlify, unhexlify

from chips.mifare_classic import VirtualClassic
from chips.ntag424 import VirtualNtag424


def of(card):
    """Return the memory of ``card``."""
    if isinstance(card, VirtualNtag424):
        return {
            "kind": "ntag424",
            "uid": _text(card.uid),
            "keys": [_text(card.keys[number]) for number in range(5)],
            "key_version": card.key_version,
            "taps": card.taps,
            "files": [_text(card.files[2]), _text(card.files[3])],
        }
    return {
        "kind": "mifare-classic",
        "uid": _text(card.uid),
        "keys": [[_text(key) for key in pair] for pair in card.keys],
        "blocks": [_text(block) for block in card.blocks],
    }


def card(memory, draw):
    """Return the card that ``of`` was asked about; ``draw(n)`` is its random generator."""
    uid = unhexlify(memory["uid"])
    if memory["kind"] == "mifare-classic":
        chip = VirtualClassic(uid, [tuple([unhexlify(key) for key in pair]) for pair in memory["keys"]])
        chip.blocks = [unhexlify(block) for block in memory["blocks"]]
        return chip
    keys = {number: unhexlify(key) for number, key in enumerate(memory["keys"])}
    chip = VirtualNtag424(uid, keys, memory["key_version"], draw)
    chip.taps = memory["taps"]
    chip.files = {2 + place: bytearray(unhexlify(file)) for place, file in enumerate(memory["files"])}
    return chip


def _text(octets):
    return hexlify(bytes(octets)).decode()
