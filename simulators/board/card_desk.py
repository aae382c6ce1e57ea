"""The desk that issues cards: reads one question from its input, answers with the card's memory and contents.

Question: ``masters`` (five, hex), ``memory`` of a card or null for a new one of ``kind`` and ``uid``, ``contents`` to
write (hex) or null to read. ``is_written`` is false when the card has no room for them.
"""

import json
import os
import sys
from binascii import hexlify, unhexlify

from cards import copies
from cards.contents import decode
from cards.keyring import CardKeys, Keyring

from chips import memory
from chips.issued import plain_card, secure_card

# docs/cards.md, section 1
SECURE_PLACES = ((3, 0), (2, 128))  # (file, first byte) of each slot
SECURE_BYTES = 128
PLAIN_SECTORS = (range(1, 8), range(8, 15))
PLAIN_BYTES = 336


class Secure:
    """The slots of an NTAG 424 DNA."""

    def __init__(self, chip):
        self._chip = chip

    def read(self, slot):
        file, start = SECURE_PLACES[slot]
        return bytes(self._chip.files[file][start:])

    def write(self, slot, octets):
        file, start = SECURE_PLACES[slot]
        content = self._chip.files[file]
        if len(octets) > SECURE_BYTES:
            return False
        content[start : start + SECURE_BYTES] = octets + bytes(SECURE_BYTES - len(octets))
        return True


class Plain:
    """The slots of a MIFARE Classic."""

    def __init__(self, chip):
        self._chip = chip

    def read(self, slot):
        return b"".join([self._chip.blocks[block] for block in self._blocks(slot)])

    def write(self, slot, octets):
        if len(octets) > PLAIN_BYTES:
            return False
        octets += bytes(PLAIN_BYTES - len(octets))
        for place, block in enumerate(self._blocks(slot)):
            self._chip.blocks[block] = octets[place * 16 : place * 16 + 16]
        return True

    def _blocks(self, slot):
        return [sector * 4 + block for sector in PLAIN_SECTORS[slot] for block in range(3)]


def answer(asked):
    """Do what was asked; return the answer."""
    keys = CardKeys(1, *[unhexlify(master) for master in asked["masters"]])
    if asked["memory"]:
        chip = memory.card(asked["memory"], os.urandom)
    else:
        new_card = secure_card if asked["kind"] == "ntag424" else _plain
        chip = new_card(unhexlify(asked["uid"]), keys, os.urandom)
    slots = Secure(chip) if hasattr(chip, "files") else Plain(chip)
    slot, newest, _ = copies.newest([slots.read(0), slots.read(1)], chip.uid, Keyring([keys]))
    is_written = True
    if asked["contents"]:
        what = decode(unhexlify(asked["contents"])).encode()
        octets = copies.seal(newest.generation + 1 if newest else 1, what, chip.uid, keys).slot
        is_written = slots.write(1 - slot, octets) and (newest is not None or slots.write(slot, octets))
    else:
        what = newest.contents
    return {"memory": memory.of(chip), "contents": hexlify(what).decode(), "is_written": is_written}


def _plain(uid, keys, _draw):
    return plain_card(uid, keys)


sys.stdout.write(json.dumps(answer(json.loads(sys.stdin.read()))))
