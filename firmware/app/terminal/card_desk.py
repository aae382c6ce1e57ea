"""A card on the reader: first it gets what is owed to it, and only then may it take part in another deal.

Reading shows what is on it (Licheng plan, three (four): read, identify, write, pass on). "card.gone" in the middle
changes nothing here: what is owed stays owed, and the next tap begins with it.
"""

from scale.screens import NEW_STOPS
from tracewire.errors import Rejected

from terminal.deal import Party
from terminal.screens import UNSETTLED, WRITTEN, said

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cards.card import Card, Reading
    from device.downlink_stops import Stops
    from device.history import History
    from device.publisher import Publisher

    from terminal.owed import Owed, Write
    from terminal.screens import TerminalScreen
    from terminal.trade_desk import TradeDesk


class CardDesk:
    """Answers each card that is presented."""

    def __init__(
        self,
        owed: "Owed",
        trade_desk: "TradeDesk",
        screen: "TerminalScreen",
        history: "History",
        publisher: "Publisher",
        stops: "Stops",
    ) -> None:
        self._owed = owed
        self._trade_desk = trade_desk
        self._screen = screen
        self._history = history
        self._publisher = publisher
        self._stops = stops
        stops.on_change = self._hear_stops

    async def take(self, card: "Card") -> None:
        """Read a card, write what is owed to it, or let it sell or buy.

        A lost card is neither read nor written. A suspended holder's gets what a signed deal owes it and takes part in
        no other; a deal that it is part of already goes on.

        Raises every "card.…" of ``cards.card`` and ``Stops``, and every "deal.…" of ``Deal.take``.
        """
        self._stops.require_card(card.uid)
        reading = await card.read()
        write = self._owed.find(card.uid)
        if write is None:
            self._stops.require_seller(reading.contents.seller)
            self._trade_desk.take(Party(card, reading))
            self._screen.say(said(reading.contents))
        else:
            await self._settle(card, reading, write)

    def _hear_stops(self) -> None:
        self._screen.say(NEW_STOPS)

    async def _settle(self, card: "Card", reading: "Reading", write: "Write") -> None:
        is_on = write.is_on(reading.contents, reading.generation)
        if is_on is None:
            self._give_up(write)
            return
        if not is_on:
            try:
                write = self._owed.move_on(write, reading.contents, reading.generation)
            except Rejected:  # sold elsewhere in between: there is not enough left to draw from
                self._give_up(write)
                return
            # Owed on top of what the card says. A crash or a hand from here on: the next tap finds which it became.
            reading = await card.write(write.apply(reading.contents))
        self._owed.settle(write)
        self._screen.say(WRITTEN + said(reading.contents))

    def _give_up(self, write: "Write") -> None:
        self._history.audit("card_unsettled", write.describe())
        self._publisher.wake()
        # A crash here: reported, and reported again at the next tap; the card is touched by neither.
        self._owed.settle(write)
        self._screen.say(UNSETTLED)
