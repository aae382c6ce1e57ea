"""The flow of a rail scale, hands-free: settle, read the tag, record, sign, journal, wake the publisher.

    1 weigh     ``scale.weighing``, fed with every sample; a settled load becomes a ``carcass.Carcass``
    2 sign      ``tracewire.cose``, inside ``device.history``
    3 journal   ``device.journal``, inside ``device.history``: on flash when ``carcass_book.enter`` returns
    4 publish   ``device.publisher`` reads the journal, not these variables

Keys and cards are for what does not come every five seconds (``hands``). No task here waits between looking at a
carcass and writing it, so no other task can come between.
"""

from tracewire.errors import Rejected, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from scale.lock_desk import LockDesk
    from scale.storage_line import StorageLine
    from scale.weighing import Reading, Weigher

    from rail.carcass import Carcass, Rail
    from rail.carcass_book import CarcassBook
    from rail.disposal import Disposal
    from rail.hands import Hands
    from rail.screens import RailScreen
    from rail.tag_desk import TagDesk


class RailApp:
    """Four endless tasks over the parts they are given: ``weigh``, ``serve_tags``, ``serve_keys``, ``serve_cards``.

    ``unsold`` counts the loads since power-on that became no carcass.
    """

    def __init__(
        self,
        *,
        load_cell: object,
        tag_reader: object,
        keypad: object,
        card_reader: object,
        ticks_ms: "Callable[[], int]",
        weigher: "Weigher",
        rail: "Rail",
        book: "CarcassBook",
        disposal: "Disposal",
        hands: "Hands",
        tag_desk: "TagDesk",
        screen: "RailScreen",
        storage_line: "StorageLine",
        lock_desk: "LockDesk",
        progress: "Callable[[str], None]",
    ) -> None:
        self._load_cell = load_cell
        self._tag_reader = tag_reader
        self._keypad = keypad
        self._card_reader = card_reader
        self._ticks_ms = ticks_ms
        self._weigher = weigher
        self._rail = rail
        self._book = book
        self._disposal = disposal
        self._hands = hands
        self._tag_desk = tag_desk
        self._screen = screen
        self._storage_line = storage_line
        self._lock_desk = lock_desk
        self._progress = progress
        self.unsold = 0

    def readings(self) -> "dict[str, int]":
        """Return its health fields."""
        return {"unsold": self.unsold}

    async def weigh(self) -> None:
        """Follow the load cell; record every carcass once it has a name, and every other load as a weighing."""
        while True:
            reading = self._weigher.take(await self._load_cell.next_counts())
            now = self._ticks_ms()
            if self._rail.has_left(reading):
                self._attempt(self._let_go, now)
            if reading.is_settled:
                self._attempt(self._settle, reading, now)
            self._attempt(self._attend, now)
            self._screen.weight(reading)
            self._storage_line.show()
            self._progress("weigh")

    async def serve_tags(self) -> None:
        """Answer every frame of the tag reader."""
        while True:
            frame = await self._tag_reader.next_frame()
            self._attempt(self._tag_desk.read, frame, self._ticks_ms())

    async def serve_keys(self) -> None:
        """Answer every key press."""
        while True:
            self._attempt(self._press, await self._keypad.next_key())

    async def serve_cards(self) -> None:
        """Answer every card: a lot's brings the lot to the line, a buyer's takes its carcasses away."""
        while True:
            card = await self._card_reader.next_card()
            if card is not None:
                self._attempt(self._hold, card)

    def _press(self, key: str) -> None:
        if not self._lock_desk.take(key):
            self._hands.press(key)

    def _hold(self, card: bytes) -> None:
        self._lock_desk.require_unlocked()
        self._hands.hold(card)

    def _attempt(self, action: "Callable[..., None]", *arguments: object) -> None:
        """Do something that may be refused: nothing that happens at the rail ends in silence."""
        try:
            action(*arguments)
        except (Rejected, Unavailable) as refusal:
            self._screen.refuse(refusal.code)

    def _settle(self, reading: "Reading", now: int) -> None:
        carcass = self._rail.carcass
        if carcass is None:
            carcass = self._rail.hang(reading, now)
            if self._disposal.is_awaited:
                self._hands.destroy(carcass)
        elif carcass.entry is None:
            self._book.keep_weighing(carcass)
            carcass.weigh_again(reading, now)
        else:
            self._book.keep_weighing(self._rail.touched(reading, now))

    def _attend(self, now: int) -> None:
        carcass = self._rail.carcass
        if carcass is None:
            return
        try:
            if carcass.is_ready(now):
                self._enter(carcass)
            elif carcass.is_due(now):
                self._book.keep_weighing(carcass)
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
            self._book.keep_weighing(carcass)

    def _enter(self, carcass: "Carcass") -> None:
        self._lock_desk.require_unlocked()
        self._book.enter(carcass)
        self._screen.recorded(carcass)
