"""Cards at a scale with a PN532: each proves itself to this device, which has keys (docs/cards.md).

The other source, ``hal.card_reader``, is a module that reads cards by itself and tells what they hold. Which of the two
is mounted follows from enrolment: it left keys, or it did not.
"""

from cards import keyring
from cards.counters import Counters
from cards.pn532 import Pn532
from cards.reader import Reader
from hal import entropy
from hal.card_port import CardPort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.downlink_stops import Stops


class ProvedCards:
    """Cards as they are presented and taken away, read and judged."""

    def __init__(self, root: str, stops: "Stops") -> None:
        """Take keys and memory of cards under the flash root ``root``; ``stops`` knows which are lost."""
        self._reader = Reader(Pn532(CardPort()), keyring.load(root), Counters(root), entropy.read)
        self._stops = stops

    async def next_card(self) -> "bytes | None":
        """Wait for a card's contents, None when it is taken away; every "card.…" and "reader.…" of ``cards``.

        Rejected "card.lost" before it is read: only its number counts then.
        """
        card = await self._reader.next_card()
        if card is None:
            return None
        self._stops.require_card(card.uid)
        return (await card.read()).contents.encode()
