"""The flow of a wholesale terminal: two cards, a weight, a key; then record, sign, journal, publish, voucher, cards.

    1 weigh     ``scale.weighing``, fed with every sample; a settled load becomes a ``scale.load.Load``
    2 sign      ``tracewire.cose``, inside ``device.history``
    3 journal   ``device.journal``, inside ``device.history``: on flash when ``trade_desk.confirm`` goes on
    4 publish   ``device.publisher`` reads the journal, not these variables

    cards       ``card_desk``: what is owed to a card comes first; then the first card sells and the second one buys
    keys        plu1 to plu8 choose a lot, digits say into how many shares, ``set`` signs, ``clear`` takes back; 0 alone
                prints again

The record comes first and the cards follow, because a card can be pulled out and a record cannot.
"""

import time

from device.refusals import Refusals
from hal import clock
from scale.platform import Loads
from tracewire.errors import Rejected, Unavailable

from terminal.screens import CLEARED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cards.reader import Reader
    from scale.station import Station
    from scale.weighing import Reading

    from terminal.card_desk import CardDesk
    from terminal.notes import Notes
    from terminal.screens import TerminalScreen
    from terminal.trade_desk import TradeDesk

CONFIRM = "set"

QUIET_MS = 60000
"""What was noted of cards, and no deal rests on, reaches the flash within a minute."""


class TerminalApp:
    """What a reading, a key and a card do at the terminal; ``serve_cards`` is an endless task."""

    def __init__(
        self,
        station: "Station",
        reader: "Reader",
        trade_desk: "TradeDesk",
        card_desk: "CardDesk",
        loads: Loads,
        screen: "TerminalScreen",
        notes: "Notes",
    ) -> None:
        self._station = station
        self._reader = reader
        self._trade_desk = trade_desk
        self._card_desk = card_desk
        self._loads = loads
        self._screen = screen
        self._notes = notes
        self._flushed_ms = clock.ticks_ms()
        self._overdrawn = Refusals("overdrawn", station.history, station.publisher, clock.ticks_ms)

    def readings(self) -> "dict[str, int]":
        """Return its health fields."""
        return {"unsold": self._loads.unsold}

    def is_busy(self) -> bool:
        """Tell whether goods lie on the scale."""
        return not self._station.weigher.reading.is_zero

    def notice(self, reading: "Reading", now_ticks_ms: int) -> None:
        """Follow what lies on the scale; every load that settles is recorded, dealt in or not."""
        self._loads.notice(reading, now_ticks_ms)
        if time.ticks_diff(now_ticks_ms, self._flushed_ms) > QUIET_MS:
            self._flushed_ms = now_ticks_ms
            self._screen.attempt(self._notes.flush)

    def press(self, key: str) -> None:
        """Answer a key; raises ``Rejected`` or ``Unavailable`` for what is not done."""
        line = self._station.plate.press(key)
        if self._station.platform.take(key):
            return
        if key == "clear":
            self._trade_desk.clear(line or CLEARED)
        elif key == CONFIRM:
            self._confirm()
        elif key.startswith("plu") and key[3:].isdigit():
            self._trade_desk.choose(int(key[3:]))
        elif key.startswith("digit") and key[5:].isdigit():
            self._trade_desk.key_in(int(key[5:]))
        else:
            raise Rejected("key.unknown", key)

    def _confirm(self) -> None:
        try:
            self._trade_desk.confirm()
        except Rejected as refusal:
            if refusal.code.endswith(".overdrawn"):
                self._overdrawn.tell(refusal.code)
            raise

    async def serve_cards(self) -> None:
        """Answer every card that is presented; one that is taken away ends nothing."""
        while True:
            try:
                card = await self._reader.next_card()
                if card is not None:
                    await self._card_desk.take(card)
            except (Rejected, Unavailable) as refusal:
                self._screen.refuse(refusal.code, refusal.detail)
                if refusal.code.startswith("card."):
                    self._station.card_refusals.tell(refusal.code)
