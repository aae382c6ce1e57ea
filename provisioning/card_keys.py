"""Masters of the service cards: made here, kept under a passphrase, given to devices at enrolment (docs/cards.md §2).

Why under a passphrase when the CA's keys are not: whoever copies those can be revoked, and whoever copies these can
write the cards of a whole city until every card was tapped again. The file is read for two things only, enrolling a
device that reads cards and issuing a card, and both happen with somebody present.

Versions: the newest seals, all open, so that masters change while cards are in the field. A device gets all versions
without the desk's master, and the write master only where it writes cards.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

from cards import cmac
from cards.keyring import CardKeys, Keyring
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from tracewire import cbor
from tracewire.errors import Misuse, Rejected

from provisioning import durable, layout
from provisioning.layout import Layout

WRITING_ROLES = ("terminal",)
"""Roles whose devices write cards; all others only read them."""

_FORMAT = 1
_PURPOSE = b"chengxin/card-keys/1"
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 1 << 15, 8, 1  # RFC 7914; 32 MiB and about a tenth of a second for each guess
_SALT_BYTES, _NONCE_BYTES = 16, 12
_MASTERS = 6
_NEWEST_VERSION = 255


@dataclass(frozen=True, repr=False)
class Masters:
    """The six masters of one version; no ``repr``, so that none of them gets into a log."""

    version: int
    read: bytes
    meta: bytes
    mac: bytes
    seal: bytes
    write: bytes
    desk: bytes

    def device_keys(self) -> CardKeys:
        """Return what the drivers take, the write master included."""
        return CardKeys(self.version, self.read, self.meta, self.mac, self.seal, self.write)

    def desk_key(self, uid: bytes) -> bytes:
        """Return key 0 of the card ``uid``, which changes its keys and settings."""
        key: bytes = cmac.diversify(self.desk, uid + b"chengxin/desk")
        return key


def renew(directory: Path, passphrase: bytes) -> int:
    """Make the masters of the next version; they are on disk when this returns. Returns its number."""
    files = layout.existing(directory)
    if not passphrase:
        raise Misuse("card_keys.passphrase", "the masters need a passphrase that is not empty")
    with durable.locked(files.lock):
        rings = load(files, passphrase) if files.card_keys.exists() else []
        version = len(rings) + 1
        if version > _NEWEST_VERSION:
            raise Misuse("card_keys.version", "the versions are used up")
        rings.append(Masters(version, *(secrets.token_bytes(cmac.KEY_BYTES) for _ in range(_MASTERS))))
        durable.replace(files.card_keys, _seal(rings, passphrase), durable.PRIVATE)
    return version


def load(files: Layout, passphrase: bytes) -> list[Masters]:
    """Return all versions, oldest first; ``Misuse("card_keys.…")`` when there are none or the passphrase is wrong."""
    try:
        sealed = files.card_keys.read_bytes()
    except OSError as problem:
        raise Misuse("card_keys.absent", "no masters yet; make them with: chengxin card keys") from problem
    try:
        opened = cbor.decode(_open(sealed, passphrase))
        if not isinstance(opened, list):
            raise Rejected("card_keys.format")
        return [Masters(*row) for row in opened]
    except (Rejected, TypeError, ValueError) as problem:
        raise Misuse("card_keys.broken", f"{files.card_keys} is not ours") from problem
    except InvalidTag as problem:
        raise Misuse("card_keys.passphrase", "the passphrase does not open the masters of the cards") from problem


def keyring(rings: list[Masters]) -> Keyring:
    """Return the keys as a desk uses them."""
    return Keyring([masters.device_keys() for masters in rings])


def device_file(rings: list[Masters], role: str) -> bytes:
    """Return ``card_keys.cbor`` of a device of this role."""
    rows: list[object] = []
    for one in rings:
        write = one.write if role in WRITING_ROLES else None
        rows.append([one.version, one.read, one.meta, one.mac, one.seal, write])
    return cbor.encode(rows)


def _seal(rings: list[Masters], passphrase: bytes) -> bytes:
    rows = [[one.version, one.read, one.meta, one.mac, one.seal, one.write, one.desk] for one in rings]
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    hidden = AESGCM(_key(passphrase, salt)).encrypt(nonce, cbor.encode(rows), _PURPOSE)
    return cbor.encode([_FORMAT, salt, nonce, hidden])


def _open(sealed: bytes, passphrase: bytes) -> bytes:
    fields = cbor.decode(sealed)
    if not isinstance(fields, list) or len(fields) != 4 or fields[0] != _FORMAT:
        raise Rejected("card_keys.format")
    _, salt, nonce, hidden = fields
    return AESGCM(_key(passphrase, salt)).decrypt(nonce, hidden, _PURPOSE)


def _key(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt, 32, _SCRYPT_N, _SCRYPT_R, _SCRYPT_P).derive(passphrase)
