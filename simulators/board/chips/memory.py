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
            "versions": card.versions,
            "taps": card.taps,
            "files": [_text(card.files[2]), _text(card.files[3])],
            "settings": [_text(card.settings[2]), _text(card.settings[3])],
        }
    return {
        "kind": "mifare-classic",
        "uid": _text(card.uid),
        "keys": [[_text(key) for key in pair] for pair in card.keys],
        "blocks": [_text(block) for block in card.blocks],
        "access": [_text(bits) for bits in card.access],
    }


def card(memory, draw):
    """Return the card that ``of`` was asked about; ``draw(n)`` is its random generator."""
    uid = unhexlify(memory["uid"])
    if memory["kind"] == "mifare-classic":
        chip = VirtualClassic(uid, [tuple([unhexlify(key) for key in pair]) for pair in memory["keys"]])
        chip.blocks = [unhexlify(block) for block in memory["blocks"]]
        chip.access = [unhexlify(bits) for bits in memory["access"]]
        return chip
    keys = {number: unhexlify(key) for number, key in enumerate(memory["keys"])}
    chip = VirtualNtag424(uid, keys, 0, draw)
    chip.versions = list(memory["versions"])
    chip.taps = memory["taps"]
    chip.files = {2 + place: bytearray(unhexlify(file)) for place, file in enumerate(memory["files"])}
    chip.settings = {2 + place: unhexlify(settings) for place, settings in enumerate(memory["settings"])}
    return chip


def _text(octets):
    return hexlify(bytes(octets)).decode()
