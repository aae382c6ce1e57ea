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

from scale.load import Load
from scale.screens import TARED, UNTARED, ZEROED
from scale.weighing import SILENT
from tracewire.errors import Rejected, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cards.reader import Reader
    from device.history import History
    from device.publisher import Publisher
    from scale.storage_line import StorageLine
    from scale.weighing import Reading, Weigher

    from terminal.card_desk import CardDesk
    from terminal.screens import TerminalScreen
    from terminal.trade_desk import TradeDesk

CONFIRM = "set"


class TerminalApp:
    """Three endless tasks over the parts they are given: ``weigh``, ``serve_keys``, ``serve_cards``.

    ``unsold`` counts the weighings since power-on that no deal followed.
    """

    def __init__(
        self,
        *,
        load_cell: object,
        keypad: object,
        reader: "Reader",
        ticks_ms: "Callable[[], int]",
        weigher: "Weigher",
        trade_desk: "TradeDesk",
        card_desk: "CardDesk",
        screen: "TerminalScreen",
        storage_line: "StorageLine",
        history: "History",
        publisher: "Publisher",
        progress: "Callable[[str], None]",
    ) -> None:
        self._load_cell = load_cell
        self._keypad = keypad
        self._reader = reader
        self._ticks_ms = ticks_ms
        self._weigher = weigher
        self._trade_desk = trade_desk
        self._card_desk = card_desk
        self._screen = screen
        self._storage_line = storage_line
        self._history = history
        self._publisher = publisher
        self._progress = progress
        self.unsold = 0

    def readings(self) -> "dict[str, int]":
        """Return its health fields."""
        return {"unsold": self.unsold}

    async def weigh(self) -> None:
        """Follow the load cell; record every load that settles, dealt in or not."""
        while True:
            reading = await self._read()
            now, load = self._ticks_ms(), self._trade_desk.load
            if load and (reading.is_settled or load.is_due(now)):
                self._keep_weighing(load)
            if reading.is_settled:
                self.unsold += bool(load and not load.is_sold)
                self._trade_desk.load = Load(reading, reading.e_grams, now)
            self._screen.weight(reading)
            self._storage_line.show()
            self._progress("weigh")

    async def serve_keys(self) -> None:
        """Answer every key press."""
        while True:
            key = await self._keypad.next_key()
            try:
                self._press(key)
            except (Rejected, Unavailable) as refusal:
                self._screen.refuse(refusal.code, refusal.detail)

    async def serve_cards(self) -> None:
        """Answer every card that is presented; one that is taken away ends nothing."""
        while True:
            try:
                card = await self._reader.next_card()
                if card is not None:
                    await self._card_desk.take(card)
            except (Rejected, Unavailable) as refusal:
                self._screen.refuse(refusal.code, refusal.detail)

    async def _read(self) -> "Reading":
        """Return the next reading; a source that has fallen silent shows nothing that could be sold."""
        try:
            counts = await self._load_cell.next_counts()
        except Unavailable as refusal:
            if self._weigher.reading.state != SILENT:
                self._screen.refuse(refusal.code)
            return self._weigher.lose()
        return self._weigher.take(counts, self._load_cell.is_steady)

    def _press(self, key: str) -> None:
        if key == "zero":
            self._weigher.zero()
            self._screen.say(ZEROED)
        elif key == "tare":
            self._screen.say(TARED if self._weigher.tare() else UNTARED)
        elif key == "clear":
            self._trade_desk.clear()
        elif key == CONFIRM:
            self._trade_desk.confirm()
        elif key.startswith("plu") and key[3:].isdigit():
            self._trade_desk.choose(int(key[3:]))
        elif key.startswith("digit") and key[5:].isdigit():
            self._trade_desk.key_in(int(key[5:]))
        else:
            raise Rejected("key.unknown", key)

    def _keep_weighing(self, load: Load) -> None:
        if load.weighing_seq is None:
            try:
                weighing, _ = self._history.write([load.weighing()])[0]
                load.weighing_seq = weighing.seq
                self._publisher.wake()
            except Unavailable as refusal:
                load.wait_again(self._ticks_ms())
                self._screen.refuse(refusal.code)
