"""The card keys of one device, by key version: a device holds masters only for what it may do.

Five masters a version. ``read`` proves a card, ``write`` changes it; a counter scale is enrolled without ``write``,
so a stolen scale writes no card. ``meta`` and ``mac`` belong to the message that the card makes for every tap
(``sun``); ``seal`` binds contents to one card's number. ``card_keys.cbor`` is written by enrolment: an array of rows
``[version, read, meta, mac, seal, write or null]``. The newest version seals; all of them open, so that keys can
change while cards are in the field.
"""

from tracewire import cbor
from tracewire.errors import Misuse, Rejected

from cards import cmac

FILE = "card_keys.cbor"

_SECTOR_KEY_BYTES = 6  # MIFARE Classic


class CardKeys:
    """The masters of one ``version`` (1 to 255); each method returns the key of the card numbered ``uid``."""

    def __init__(self, version: int, read: bytes, meta: bytes, mac: bytes, seal: bytes, write: "bytes | None") -> None:
        self.version = version
        self.meta = meta  # the same for all cards: a server must read a tap's message before it knows whose it is
        self.may_write = write is not None
        self._read = read
        self._mac = mac
        self._seal = seal
        self._write = write

    def read(self, uid: bytes) -> bytes:
        """Return the key with which the card proves itself and lets itself be read."""
        return cmac.diversify(self._read, uid + b"chengxin/read")

    def write(self, uid: bytes) -> bytes:
        """Return the key that lets contents be written; Rejected "card.read_only" on a device without it."""
        if self._write is None:
            raise Rejected("card.read_only")
        return cmac.diversify(self._write, uid + b"chengxin/write")

    def mac(self, uid: bytes) -> bytes:
        """Return the key of the message that the card makes for every tap."""
        return cmac.diversify(self._mac, uid + b"chengxin/mac")

    def seal(self, uid: bytes) -> bytes:
        """Return the key that seals contents to this card."""
        return cmac.diversify(self._seal, uid + b"chengxin/seal")

    def sector(self, uid: bytes, number: int, writing: bool) -> bytes:
        """Return key A (read) or key B (write) of a MIFARE Classic sector, 6 bytes."""
        key = self.write(uid) if writing else self.read(uid)
        return cmac.diversify(key, b"chengxin/sector" + bytes((number,)))[:_SECTOR_KEY_BYTES]


class Keyring:
    """All versions that this device knows; at least one."""

    def __init__(self, versions: "list[CardKeys]") -> None:
        if not versions:
            raise Misuse("card_keys.broken", "no version")
        self.versions = sorted(versions, key=lambda keys: -keys.version)

    @property
    def newest(self) -> CardKeys:
        """Return the keys that seal what is written now."""
        return self.versions[0]

    def find(self, version: int) -> CardKeys:
        """Return the keys of ``version``; Rejected "card.foreign" when this device has none such."""
        for keys in self.versions:
            if keys.version == version:
                return keys
        raise Rejected("card.foreign", "key version %d" % version)


def load(root: str) -> Keyring:
    """Read the keys under ``root``; Misuse when enrolment left none or the file is broken."""
    try:
        with open(root + "/" + FILE, "rb") as file:
            rows = cbor.decode(file.read())
    except OSError:
        raise Misuse("card_keys.absent", "this device is not enrolled for cards")
    except Rejected as refusal:
        raise Misuse("card_keys.broken", refusal.code)
    if not isinstance(rows, list):
        raise Misuse("card_keys.broken", "rows expected")
    return Keyring([_keys(row) for row in rows])


def _keys(row: object) -> CardKeys:
    if not isinstance(row, list) or len(row) != 6 or isinstance(row[0], bool) or not isinstance(row[0], int):
        raise Misuse("card_keys.broken", "[version, five keys] expected")
    if not 0 < row[0] < 256:
        raise Misuse("card_keys.broken", "versions are 1 to 255")
    for place, key in enumerate(row[1:]):
        is_key = isinstance(key, bytes) and len(key) == cmac.KEY_BYTES
        if not is_key and not (place == 4 and key is None):
            raise Misuse("card_keys.broken", "keys of 16 bytes expected")
    return CardKeys(*row)
