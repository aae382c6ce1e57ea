"""NTAG 424 DNA: the card that proves itself. Its number, a fresh message per tap, and two slots behind AES keys.

How our cards are set up (docs/cards.md §2): file 2 begins with the address whose mirrored fields ``sun`` reads, free
for any phone; its second half is slot 1, and file 3 is slot 0. Reading file 3 needs the read key, which is the proof
that the chip is ours; writing either needs the write key. All of it in CommMode.Full but what is free to read.
"""

from tracewire.errors import Misuse, Rejected

from cards import ev2, iso14443, sun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cards.keyring import Keyring
    from cards.pn532 import Pn532

MASTER_KEY, READ_KEY, WRITE_KEY, MAC_KEY, META_KEY = 0, 1, 2, 3, 4
MESSAGE_FILE, PRIVATE_FILE = 2, 3
SLOT_BYTES = 128
SLOTS = ((PRIVATE_FILE, 0), (MESSAGE_FILE, 128))  # (file, offset)

SELECT_APPLICATION = b"\x00\xa4\x04\x0c\x07\xd2\x76\x00\x00\x85\x01\x01\x00"
READ_DATA, WRITE_DATA, GET_KEY_VERSION, NEXT_FRAME = 0xAD, 0x8D, 0x64, 0xAF

_MESSAGE_BYTES = 128


class Ntag424:
    """One such card in the field; ``draw(n)`` returns random bytes. Nothing is remembered when it leaves."""

    is_proof = True
    slot_bytes = SLOT_BYTES

    def __init__(self, reader: "Pn532", uid: bytes, keyring: "Keyring", draw: "Callable[[int], bytes]") -> None:
        self._reader = reader
        self._uid = uid
        self._keyring = keyring
        self._draw = draw
        self._keys = keyring.newest
        self._session = None
        self._key_number = None
        self._public_slot = b""

    async def open(self) -> int:
        """Select our application, check the message of this tap and have the card prove its key; return the taps.

        Rejected "card.foreign" when it is not ours, "card.copied" when it answers under another card's number;
        Unavailable "card.gone".
        """
        self._session = None
        _, status = iso14443.split_status(await self._reader.exchange(SELECT_APPLICATION))
        if status != iso14443.STATUS_ISO_OK:
            raise Rejected("card.foreign", "no application")
        version = await self._plain(GET_KEY_VERSION, bytes((READ_KEY,)))
        if len(version) != 1:
            raise Rejected("card.foreign", "key version")
        self._keys = self._keyring.find(version[0])
        tap = sun.verify(await self._plain(READ_DATA, _place(MESSAGE_FILE, 0, _MESSAGE_BYTES)), self._keys)
        if tap.uid != self._uid:
            raise Rejected("card.copied", "message of another card")
        self._public_slot = await self._plain(READ_DATA, _place(*SLOTS[1], SLOT_BYTES))
        await self._authenticate(READ_KEY, self._keys.read(self._uid))
        return tap.count

    async def read_slots(self) -> "list[bytes]":
        """Return both slots as they are on the card now."""
        session = self._session
        request = session.wrap(READ_DATA, _place(*SLOTS[0], SLOT_BYTES))
        private = session.unwrap(await self._native(request))
        return [private, self._public_slot]

    async def write_slot(self, number: int, slot: bytes) -> None:
        """Write ``slot``; when this returns the card has confirmed it under the session's key."""
        if self._key_number != WRITE_KEY:
            await self._authenticate(WRITE_KEY, self._keys.write(self._uid))
        # A card pulled out from here on may hold any part of ``slot``; the other slot is untouched.
        request = self._session.wrap(WRITE_DATA, _place(*SLOTS[number], len(slot)), slot)
        if self._session.unwrap(await self._native(request)):
            raise Rejected("card.foreign", "answer to a write")

    async def _authenticate(self, number: int, key: bytes) -> None:
        challenge = self._draw(16)
        if len(challenge) != 16:
            raise Misuse("entropy.short")
        code = ev2.FIRST if self._session is None else ev2.NON_FIRST
        fields = bytes((number, 0)) if self._session is None else bytes((number,))
        handshake = ev2.Handshake(key, challenge)
        theirs = await self._native(ev2.command(code, fields), iso14443.STATUS_MORE)
        proof = await self._native(ev2.command(NEXT_FRAME, handshake.answer(theirs)))
        self._session = handshake.finish(proof, self._session)
        self._key_number = number

    async def _plain(self, code: int, fields: bytes) -> bytes:
        return await self._native(ev2.command(code, fields))

    async def _native(self, request: bytes, wanted: int = iso14443.STATUS_OK) -> bytes:
        data, status = iso14443.split_status(await self._reader.exchange(request))
        if status != wanted:
            raise Rejected("card.foreign", "status %04x" % status)
        return data


def _place(file: int, offset: int, length: int) -> bytes:
    return bytes((file,)) + offset.to_bytes(3, "little") + length.to_bytes(3, "little")
