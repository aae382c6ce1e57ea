"""One card on the reader: read it, write it, and say plainly why not.

    Rejected "card.foreign"         not one of ours, or set up with keys that this device does not have
    Rejected "card.copied"          sealed for another card, a tap seen before, or a known number without its key
    Rejected "card.rolled_back"     contents older than this device has seen on it
    Rejected "card.damaged"         no copy is whole
    Rejected "card.blank"           ours, and never written
    Rejected "card.contents"        whole, and not what this firmware can read
    Rejected "card.full", "card.identifier_only", "card.read_only"    what was to be written cannot be, by this device
    Unavailable "card.gone"         it left, or lies badly: hold it there again
    Unavailable "reader.…"          the reader chip does not answer

Whatever moment a card is pulled out at, it reads afterwards as the contents from before the write or as the new ones. A
write that ended in Unavailable may be either: read again, or write the same again, which then changes nothing twice.
"""

from tracewire.errors import Rejected, Unavailable

from cards import contents, copies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cards.contents import Contents
    from cards.copies import Copy
    from cards.counters import Counters
    from cards.keyring import Keyring
    from cards.mifare_classic import MifareClassic
    from cards.ntag424 import Ntag424


class Reading:
    """What a card said: ``contents``, ``generation``, ``taps``, and ``is_proved``.

    ``is_proved`` is False for a card that cannot prove itself: its number identifies, and the rest is a hint.
    """

    def __init__(self, what: "Contents", generation: int, taps: int, is_proved: bool) -> None:
        self.contents = what
        self.generation = generation
        self.taps = taps
        self.is_proved = is_proved


class Card:
    """A card of the number ``uid`` and the ``kind`` of ``iso14443``; good until it leaves the reader."""

    def __init__(
        self, uid: bytes, kind: str, medium: "Ntag424 | MifareClassic", keyring: "Keyring", counters: "Counters"
    ) -> None:
        self.uid = uid
        self.kind = kind
        self._medium = medium
        self._keyring = keyring
        self._counters = counters
        self._newest = None  # (slot number, copy), once read
        self._taps = 0

    async def read(self) -> Reading:
        """Return what the card says, with a half-written copy repaired where this device may write."""
        number, copy, needs_repair = await self._survey()
        if copy is None:
            raise Rejected("card.blank")
        said = self._decode(copy)
        if needs_repair and self._keyring.newest.may_write:
            try:
                await self._medium.write_slot(1 - number, copy.slot)
            except (Rejected, Unavailable):
                pass  # pulled out again, or worn out: the whole copy was not touched, and the next tap tries again
        self._keep(number, copy)
        return said

    async def write(self, what: "Contents") -> Reading:
        """Make ``what`` the contents of a card that is blank or sound; when this returns the card has them."""
        self._check_kind(what)
        number, copy = self._newest or (await self._survey())[:2]
        self._newest = None
        encoded = what.encode()
        if copy is None:
            return await self._write_both(encoded, 0)
        if copy.contents != encoded:
            number, copy = 1 - number, self._seal(copy.generation + 1, encoded)
            await self._medium.write_slot(number, copy.slot)
            # A crash here: the card is one generation further than this device knows, and is accepted.
        self._keep(number, copy)
        return self._decode(copy)

    def check_room(self, what: "Contents") -> None:
        """Refuse contents that this card could not take: what ``write`` would say, before anything is signed."""
        self._check_kind(what)
        self._seal(copies.MAX_GENERATION, what.encode())

    async def issue(self, what: "Contents", above_generation: int = 0) -> Reading:
        """Write a card anew whatever it holds, also a damaged one; for the desk that issues cards.

        ``above_generation`` is the newest that anybody saw of it, so that no device takes the card for rolled back.
        """
        self._check_kind(what)
        self._newest = None
        self._taps = await self._medium.open()
        return await self._write_both(what.encode(), max(above_generation, self._counters.generation(self.uid)))

    async def _survey(self) -> "tuple[int, Copy | None, bool]":
        """Open the card and find its newest copy, with everything checked that this device can know."""
        try:
            self._taps = await self._medium.open()
        except Rejected as refusal:
            if refusal.code == "card.foreign" and self._medium.is_proof and self._counters.knows(self.uid):
                raise Rejected("card.copied", refusal.detail)
            raise
        if self._medium.is_proof:
            self._counters.check_taps(self.uid, self._taps)
        number, copy, needs_repair = copies.newest(await self._medium.read_slots(), self.uid, self._keyring)
        if copy is not None:
            self._counters.check_generation(self.uid, copy.generation, copy.tag)
        elif self._counters.generation(self.uid):
            raise Rejected("card.rolled_back", "blank again")
        return number, copy, needs_repair

    async def _write_both(self, encoded: bytes, generation: int) -> Reading:
        copy = self._seal(generation + 1, encoded)
        await self._medium.write_slot(0, copy.slot)
        # A card pulled out here has one copy, which counts; the next read on a device that may write adds the other.
        await self._medium.write_slot(1, copy.slot)
        self._keep(1, copy)
        return self._decode(copy)

    def _seal(self, generation: int, encoded: bytes) -> "Copy":
        keys = self._keyring.newest
        if not keys.may_write:
            raise Rejected("card.read_only")
        copy = copies.seal(generation, encoded, self.uid, keys)
        if len(copy.slot) > self._medium.slot_bytes:
            raise Rejected("card.full", "%d of %d bytes" % (len(copy.slot), self._medium.slot_bytes))
        return copy

    def _check_kind(self, what: "Contents") -> None:
        if what.grams is not None and not self._medium.is_proof:
            raise Rejected("card.identifier_only")

    def _decode(self, copy: "Copy") -> Reading:
        what = contents.decode(copy.contents)
        self._check_kind(what)
        return Reading(what, copy.generation, self._taps, self._medium.is_proof)

    def _keep(self, number: int, copy: "Copy") -> None:
        self._counters.keep(self.uid, copy.generation, copy.tag, self._taps)
        self._newest = (number, copy)
