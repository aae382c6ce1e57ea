"""MIFARE Classic 1K: a number with sealed contents beside it, and no proof of anything.

Its cipher is broken and its sectors can be read and copied in minutes, whatever their keys. So the contents are bound
to the number by the seal (sectors on another card are refused), and no stock of goods is accepted from it or written
to it; a card that copies the number too cannot be told from the original here (``is_proof`` is False). Slot 0 is
sectors 1 to 7, slot 1 sectors 8 to 14; key A reads, key B writes.
"""

from tracewire.errors import Rejected, Unavailable

from cards import copies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cards.keyring import Keyring
    from cards.pn532 import Pn532

BLOCK_BYTES = 16
SLOT_SECTORS = ((1, 2, 3, 4, 5, 6, 7), (8, 9, 10, 11, 12, 13, 14))
BLOCKS_OF_SECTOR = 3  # and one with the keys
SLOT_BYTES = len(SLOT_SECTORS[0]) * BLOCKS_OF_SECTOR * BLOCK_BYTES

AUTHENTICATE_A, AUTHENTICATE_B, READ, WRITE = 0x60, 0x61, 0x30, 0xA0


class MifareClassic:
    """One such card in the field."""

    is_proof = False
    slot_bytes = SLOT_BYTES

    def __init__(self, reader: "Pn532", uid: bytes, keyring: "Keyring") -> None:
        self._reader = reader
        self._uid = uid
        self._keyring = keyring
        self._keys = keyring.newest
        self._unlocked = None  # (sector, writing)

    async def open(self) -> int:
        """Find the key version that opens the card; return 0, for it counts no taps.

        Rejected "card.foreign" when no version does; Unavailable "card.gone".
        """
        refusal = None
        for keys in self._keyring.versions:
            self._keys = keys
            self._unlocked = None
            try:
                if refusal is not None:
                    await self._select_again()
                await self._unlock(SLOT_SECTORS[0][0], False)
                return 0
            except Rejected as refused:
                refusal = refused
        raise refusal

    async def read_slots(self) -> "list[bytes]":
        """Return what is in use of both slots."""
        return [await self._read_slot(0), await self._read_slot(1)]

    async def write_slot(self, number: int, slot: bytes) -> None:
        """Write ``slot`` block by block and read it back; Rejected "card.damaged" when the card did not keep it."""
        padded = slot + bytes(-len(slot) % BLOCK_BYTES)
        for index in range(len(padded) // BLOCK_BYTES):
            sector, block = _block(number, index)
            await self._unlock(sector, True)
            start = index * BLOCK_BYTES
            # A card pulled out from here on has a slot of two halves, which no tag fits; the other slot is untouched.
            await self._reader.exchange(bytes((WRITE, block)) + padded[start : start + BLOCK_BYTES])
        if await self._read_slot(number) != padded:
            raise Rejected("card.damaged", "not kept")

    async def _read_slot(self, number: int) -> bytes:
        slot = await self._read_block(number, 0)
        needed = copies.length(slot, SLOT_BYTES)
        for index in range(1, (needed + BLOCK_BYTES - 1) // BLOCK_BYTES):
            slot += await self._read_block(number, index)
        return slot

    async def _read_block(self, number: int, index: int) -> bytes:
        sector, block = _block(number, index)
        await self._unlock(sector, False)
        octets = await self._reader.exchange(bytes((READ, block)))
        if len(octets) != BLOCK_BYTES:
            raise Rejected("card.foreign", "block")
        return octets

    async def _unlock(self, sector: int, writing: bool) -> None:
        if self._unlocked == (sector, writing):
            return
        self._unlocked = None
        code = AUTHENTICATE_B if writing else AUTHENTICATE_A
        key = self._keys.sector(self._uid, sector, writing)
        await self._reader.exchange(bytes((code, sector * 4)) + key + self._uid[-4:])
        self._unlocked = (sector, writing)

    async def _select_again(self) -> None:
        """A card that refused a key says nothing more until it is selected anew."""
        target = await self._reader.find()
        if target is None or target.uid != self._uid:
            raise Unavailable("card.gone")


def _block(slot: int, index: int) -> "tuple[int, int]":
    sector = SLOT_SECTORS[slot][index // BLOCKS_OF_SECTOR]
    return sector, sector * 4 + index % BLOCKS_OF_SECTOR
