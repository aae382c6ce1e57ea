"""The flow of a rail scale, hands-free: settle, read the tag, record, sign, journal, wake the publisher.

    1 weigh     ``scale.weighing``, fed with every sample; a settled load becomes a ``carcass.Carcass``
    2 sign      ``tracewire.cose``, inside ``device.history``
    3 journal   ``device.journal``, inside ``device.history``: on flash when ``carcass_book.enter`` returns
    4 publish   ``device.publisher`` reads the journal, not these variables

Keys and cards are for what does not come every five seconds (``hands``). No task here waits between looking at a
carcass and writing it, so no other task can come between.
"""

from hal import clock
from tracewire.errors import Rejected, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scale.station import Station
    from scale.weighing import Reading

    from rail.carcass import Carcass, Rail
    from rail.carcass_book import CarcassBook
    from rail.disposal import Disposal
    from rail.hands import Hands
    from rail.screens import RailScreen
    from rail.tag_desk import TagDesk


class RailApp:
    """What a reading, a tag, a key and a card do at the rail; ``serve_tags`` and ``serve_cards`` are endless tasks.

    ``unsold`` counts the loads since power-on that became no carcass.
    """

    def __init__(
        self,
        *,
        station: "Station",
        rail: "Rail",
        book: "CarcassBook",
        disposal: "Disposal",
        hands: "Hands",
        tag_desk: "TagDesk",
        screen: "RailScreen",
    ) -> None:
        self._lock_desk = station.lock_desk
        self._card_refusals = station.card_refusals
        self._history = station.history
        self._publisher = station.publisher
        self._rail = rail
        self._book = book
        self._disposal = disposal
        self._hands = hands
        self._tag_desk = tag_desk
        self._screen = screen
        self.unsold = 0

    def readings(self) -> "dict[str, int]":
        """Return its health fields."""
        return {"unsold": self.unsold}

    def is_busy(self) -> bool:
        """Tell whether a carcass hangs."""
        return self._rail.carcass is not None

    def notice(self, reading: "Reading", now_ticks_ms: int) -> None:
        """Follow what hangs; record every carcass once it has a name, and every other load as a weighing."""
        if self._rail.has_left(reading):
            self._screen.attempt(self._let_go, now_ticks_ms)
        if reading.is_settled:
            self._screen.attempt(self._settle, reading, now_ticks_ms)
        self._screen.attempt(self._attend, now_ticks_ms)

    def press(self, key: str) -> None:
        """Answer a key; raises ``Rejected`` or ``Unavailable`` for what is not done."""
        self._hands.press(key)

    async def serve_tags(self, reader: object) -> None:
        """Answer every frame of the tag reader."""
        while True:
            frame = await reader.next_frame()
            self._screen.attempt(self._tag_desk.read, frame, clock.ticks_ms())

    async def serve_cards(self, reader: object) -> None:
        """Answer every card: a lot's brings the lot to the line, a buyer's takes its carcasses away."""
        while True:
            card = await reader.next_card()
            if card is not None:
                self._screen.attempt(self._hold, card)

    def _hold(self, card: bytes) -> None:
        self._lock_desk.require_unlocked()
        try:
            self._hands.hold(card)
        except Rejected as refusal:
            if refusal.code.startswith("card."):
                self._card_refusals.tell(refusal.code)
            raise

    def _settle(self, reading: "Reading", now: int) -> None:
        carcass = self._rail.carcass
        if carcass is None:
            carcass = self._rail.hang(reading, now)
            if self._disposal.is_awaited:
                carcass.is_withheld = True
                self._lock_desk.require_unlocked()
                self._hands.destroy(carcass)
        elif carcass.entry is None:
            carcass.keep(self._history, self._publisher)
            carcass.weigh_again(reading, now)
        else:
            self._rail.touched(reading, now).keep(self._history, self._publisher)

    def _attend(self, now: int) -> None:
        carcass = self._rail.carcass
        if carcass is None:
            return
        try:
            if carcass.is_ready(now):
                self._enter(carcass)
            elif carcass.is_due(now):
                carcass.keep(self._history, self._publisher)
        except (Rejected, Unavailable):
            carcass.wait_again(now)
            raise

    def _let_go(self, now: int) -> None:
        carcass = self._rail.take_off(now)
        try:
            if carcass.is_left_over:
                self._enter(carcass)
        finally:
            self.unsold += carcass.entry is None
            carcass.keep(self._history, self._publisher)

    def _enter(self, carcass: "Carcass") -> None:
        self._lock_desk.require_unlocked()
        self._book.enter(carcass)
        self._screen.recorded(carcass)
