"""Cards as the issuing desk hands them out: keyed for a keyring, and not yet written."""

from cards import ntag424

from chips.mifare_classic import VirtualClassic
from chips.ntag424 import VirtualNtag424


def secure_card(uid, keys, draw):
    """Return an NTAG 424 DNA with the keys that ``keys`` (CardKeys, with the write master) gives to ``uid``."""
    by_number = {
        ntag424.MASTER_KEY: draw(16),  # stays at the desk
        ntag424.READ_KEY: keys.read(uid),
        ntag424.WRITE_KEY: keys.write(uid),
        ntag424.MAC_KEY: keys.mac(uid),
        ntag424.META_KEY: keys.meta,
    }
    return VirtualNtag424(uid, by_number, keys.version, draw)


def plain_card(uid, keys):
    """Return a MIFARE Classic with the sector keys that ``keys`` gives to ``uid``."""
    pairs = [(keys.sector(uid, sector, False), keys.sector(uid, sector, True)) for sector in range(16)]
    return VirtualClassic(uid, pairs)
