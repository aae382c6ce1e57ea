"""The site's issuing desk for cards: the shipped one, at a virtual reader, with the site's own masters."""

import asyncio
import secrets
from datetime import UTC, datetime

from cards import contents, copies
from cards.contents import Contents

from provisioning import card_keys, layout
from provisioning.card_desk import CardDesk, CardOrder
from simulators.card_reader import VirtualReader, factory_card
from simulators.site import Site
from simulators.terminal_process import Card as Chip

SECURE_UID, PLAIN_UID = (b"\x04", 6), (b"\x5f", 3)
"""How the number of a card begins, and how many bytes follow: NXP's code (ISO 7816-6); for a number of four bytes
neither the mark of a random one nor that of a longer one (ISO 14443-3)."""

ADDRESS = "trace.example/c"
READER_WAIT_S = 5.0
SECTORS_OF_SLOT = (range(1, 8), range(8, 15))


class IssuingDesk:
    """Makes factory cards the site's, writes them anew, and looks at what a terminal has written."""

    def __init__(self, site: Site) -> None:
        """Open the masters that `Site.create` made."""
        self._files = layout.existing(site.authority)
        self._rings = card_keys.load(self._files, site.card_passphrase)

    def issue(self, what: Contents, *, is_secure: bool) -> Chip:
        """Return a new card: an NTAG 424 DNA, or a MIFARE Classic."""
        first, rest = SECURE_UID if is_secure else PLAIN_UID
        uid = first + secrets.token_bytes(rest)
        reader = VirtualReader()
        reader.lay(factory_card(uid))
        desk = CardDesk(self._files, self._rings, reader.chip, READER_WAIT_S)
        asyncio.run(desk.issue(CardOrder(what, ADDRESS), datetime.now(UTC)))
        return reader.take()

    def rewrite(self, chip: Chip, what: Contents, why: str) -> None:
        """Write a card anew; Rejected "card.full" when it has no room."""
        reader = VirtualReader()
        reader.lay(chip)
        desk = CardDesk(self._files, self._rings, reader.chip, READER_WAIT_S)
        asyncio.run(desk.reissue(CardOrder(what, ADDRESS, why), datetime.now(UTC)))
        chip.memory = reader.take().memory

    def read(self, chip: Chip) -> Contents:
        """Return the newest contents, without a tap: a card that lies on a terminal must not notice."""
        uid = bytes.fromhex(chip.memory["uid"])
        _, newest, _ = copies.newest(_slots(chip), uid, card_keys.keyring(self._rings))
        return contents.decode(newest.contents)


def _slots(chip: Chip) -> list[bytes]:
    """Return both slots as they lie in the memory (docs/cards.md, section 1)."""
    if "files" in chip.memory:
        second, first = (bytes.fromhex(file) for file in chip.memory["files"])
        return [first, second[128:]]
    blocks = [bytes.fromhex(block) for block in chip.memory["blocks"]]
    return [
        b"".join(blocks[sector * 4 + place] for sector in sectors for place in range(3)) for sectors in SECTORS_OF_SLOT
    ]
