"""Make a factory card one of ours: keys and settings of an NTAG 424 DNA, keys of a MIFARE Classic (docs/cards.md §2).

Every step asks the card how far it is, so a card that was pulled out in the middle is laid down again and goes on from
there. NT4H2421Gx §10.6.1 (ChangeKey), §10.7.1 (ChangeFileSettings); AN12196 §5.9, §5.16 has the same commands in bytes.

    Rejected "card.foreign"      key 0, or a sector, belongs to somebody else
    Unavailable "card.gone"      it left: lay it down again
"""

import secrets
from binascii import crc32
from contextlib import suppress

from cards import ev2, iso14443, mifare_classic, ntag424
from cards.iso14443 import Target
from cards.pn532 import Pn532
from tracewire.errors import Misuse, Rejected, Unavailable

from provisioning.card_keys import Masters

GET_KEY_VERSION, CHANGE_KEY, CHANGE_FILE_SETTINGS = 0x64, 0xC4, 0x5F
FACTORY_KEY = bytes(16)
FACTORY_VERSION = 0

_DENIED = (0x919D, 0x91AE)
_MESSAGE_BYTES = 128

# Options (0x40 mirroring, 3 CommMode.Full), then the keys for [read-write, change], [read, write]; E is free
_MESSAGE_FILE = b"\x43\x20\xe2"
_PRIVATE_FILE = b"\x03\x20\x12"
# What is mirrored: number and count as text (C1); count alone F; number and count under key 4, tag under key 3
_MIRRORED = b"\xc1\xff\x43"

_CLASSIC_FACTORY_KEY = b"\xff" * 6
_CLASSIC_ACCESS = b"\x78\x77\x88\x69"  # blocks 100: key A reads, key B writes; keys 011: key B alone changes them


async def set_up(chip: Pn532, target: Target, rings: list[Masters], address: str) -> None:
    """Give ``target`` the newest of our keys and its settings; a card that has them is left as it is.

    ``address`` is what a phone opens, without ``https://``; it is written once, on a factory card.
    """
    if target.kind == iso14443.MIFARE_CLASSIC:
        await _set_up_classic(chip, target.uid, rings)
    else:
        await _SetUp(chip, target.uid, rings).run(address)


def message(address: str) -> bytes:
    """Return file 2 of a card: its length and one NDEF record of a link with room for number, count and tag."""
    link = b"\x04" + address.encode("ascii") + b"?e=" + b"0" * 32 + b"&c=" + b"0" * 16  # 04: "https://"
    entry = b"\xd1\x01" + bytes((len(link),)) + b"U" + link
    framed = len(entry).to_bytes(2, "big") + entry
    if len(framed) > _MESSAGE_BYTES:
        raise Misuse("card.address", f"the address is too long by {len(framed) - _MESSAGE_BYTES} bytes")
    return framed


def message_settings(written: bytes) -> bytes:
    """Return the settings of file 2 for the message that lies in it."""
    number_at, tag_at = written.find(b"e=") + 2, written.find(b"&c=") + 3
    if number_at < 2 or tag_at < number_at + 32:
        raise Rejected("card.foreign", "message")
    places = b"".join(place.to_bytes(3, "little") for place in (number_at, tag_at, tag_at))
    return _MESSAGE_FILE + _MIRRORED + places


def key_data(number: int, new: bytes, old: bytes, version: int) -> bytes:
    """Return what ChangeKey encrypts while authenticated with key 0."""
    if number == ntag424.MASTER_KEY:
        return new + bytes((version,))
    checksum = crc32(new) ^ 0xFFFFFFFF  # the register as it is: AN12196 §5.16.1 step 7
    turned = bytes(one ^ other for one, other in zip(new, old, strict=True))
    return turned + bytes((version,)) + checksum.to_bytes(4, "little")


class _SetUp:
    """One NTAG 424 DNA on the reader."""

    def __init__(self, chip: Pn532, uid: bytes, rings: list[Masters]) -> None:
        self._chip = chip
        self._uid = uid
        self._by_version = {masters.version: self._keys(masters) for masters in rings}
        self._newest = rings[-1].version

    async def run(self, address: str) -> None:
        _, status = iso14443.split_status(await self._chip.exchange(ntag424.SELECT_APPLICATION))
        if status != iso14443.STATUS_ISO_OK:
            raise Rejected("card.foreign", "no application")
        versions = [(await self._native(GET_KEY_VERSION, bytes((number,))))[0] for number in range(5)]
        if all(version == self._newest for version in versions):
            return
        settings = message_settings(await self._write_message(address))
        session = await self._authenticate(self._key(0, versions[0]))
        for file, wanted in ((ntag424.MESSAGE_FILE, settings), (ntag424.PRIVATE_FILE, _PRIVATE_FILE)):
            request = session.wrap(CHANGE_FILE_SETTINGS, bytes((file,)), wanted)
            session.unwrap(await self._exchange(request))
        for number in (1, 2, 3, 4, 0):  # key 0 last: it is the key of this session
            if versions[number] != self._newest:
                await self._change_key(session, number, versions[number])

    async def _write_message(self, address: str) -> bytes:
        """Write the message while anybody may, which is on a factory card; return what lies there."""
        framed = message(address)
        with suppress(_Denied):  # settings follow the message, so a card that has them has the message too
            await self._native(ntag424.WRITE_DATA, _place(ntag424.MESSAGE_FILE, len(framed)) + framed)
        return await self._native(ntag424.READ_DATA, _place(ntag424.MESSAGE_FILE, _MESSAGE_BYTES))

    async def _authenticate(self, key: bytes) -> ev2.Session:
        handshake = ev2.Handshake(key, secrets.token_bytes(16))
        theirs = await self._exchange(ev2.command(ev2.FIRST, bytes((0, 0))), iso14443.STATUS_MORE)
        proof = await self._exchange(ev2.command(ntag424.NEXT_FRAME, handshake.answer(theirs)))
        return handshake.finish(proof)

    async def _change_key(self, session: ev2.Session, number: int, version: int) -> None:
        data = key_data(number, self._key(number, self._newest), self._key(number, version), self._newest)
        answer = await self._exchange(session.wrap(CHANGE_KEY, bytes((number,)), data))
        # A card pulled out here has the old key or the new one, and its version says which.
        if number != ntag424.MASTER_KEY:
            session.unwrap(answer)

    def _key(self, number: int, version: int) -> bytes:
        if version == FACTORY_VERSION:
            return FACTORY_KEY
        if version not in self._by_version:
            raise Rejected("card.foreign", f"key version {version}")
        return self._by_version[version][number]

    def _keys(self, masters: Masters) -> list[bytes]:
        """Return the five keys of this card, by number."""
        keys, uid = masters.device_keys(), self._uid
        return [masters.desk_key(uid), keys.read(uid), keys.write(uid), keys.mac(uid), keys.meta]

    async def _native(self, code: int, fields: bytes) -> bytes:
        return await self._exchange(ev2.command(code, fields))

    async def _exchange(self, request: bytes, wanted: int = iso14443.STATUS_OK) -> bytes:
        data, status = iso14443.split_status(await self._chip.exchange(request))
        if status in _DENIED:
            raise _Denied("card.foreign", f"status {status:04x}")
        if status != wanted:
            raise Rejected("card.foreign", f"status {status:04x}")
        answer: bytes = data
        return answer


class _Denied(Rejected):
    """The card does not let this key, or nobody, do that."""


async def _set_up_classic(chip: Pn532, uid: bytes, rings: list[Masters]) -> None:
    """Give every sector our two keys. Its cipher is broken: this keeps strangers out by habit, and nobody else."""
    for sector in range(16):
        newest = rings[-1].device_keys()
        ours = [(mifare_classic.AUTHENTICATE_B, ring.device_keys().sector(uid, sector, True)) for ring in rings[::-1]]
        keys = [*ours[:1], (mifare_classic.AUTHENTICATE_A, _CLASSIC_FACTORY_KEY), *ours[1:]]
        if await _unlock(chip, uid, sector, keys) == ours[0]:
            continue
        reading, writing = newest.sector(uid, sector, False), newest.sector(uid, sector, True)
        trailer = sector * 4 + mifare_classic.BLOCKS_OF_SECTOR
        # A real card pulled out here may lose the sector for good; nothing can be done about that (docs/cards.md §6).
        await chip.exchange(bytes((mifare_classic.WRITE, trailer)) + reading + _CLASSIC_ACCESS + writing)


async def _unlock(chip: Pn532, uid: bytes, sector: int, keys: list[tuple[int, bytes]]) -> tuple[int, bytes]:
    """Return the first of ``keys`` that opens the sector; a card that refused one has to be selected anew."""
    for code, key in keys:
        try:
            await chip.exchange(bytes((code, sector * 4)) + key + uid[-4:])
            return code, key
        except Rejected:
            target = await chip.find()
            if target is None or target.uid != uid:
                raise Unavailable("card.gone") from None
    raise Rejected("card.foreign", f"sector {sector}")


def _place(file: int, length: int) -> bytes:
    return bytes((file,)) + bytes(3) + length.to_bytes(3, "little")
