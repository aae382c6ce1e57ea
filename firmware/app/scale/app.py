"""The flow of a counter scale: settle, record, sign, journal, wake the publisher, print the slip.

    1 weigh     ``weighing``, fed with every sample; a settled load becomes a ``load.Load``
    2 sign      ``tracewire.cose``, inside ``device.history``
    3 journal   ``device.journal``, inside ``device.history``: on flash when ``write`` returns
    4 publish   ``device.publisher`` reads the journal, not these variables

One press of a PLU key sells what lies on the pan. Nothing a person asks for ends in silence: what is refused says why
on the screen. No task here waits between checking a load and writing its sale, so no other task can come between.
"""

from tracewire.errors import Rejected, Unavailable

from scale.load import Load
from scale.plu import PluKeys
from scale.screens import TARED, UNTARED, ZEROED, sold
from scale.weighing import SILENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.downlink_lots import Lots
    from device.history import History
    from device.publisher import Publisher
    from hal.keypad import Keypad
    from hal.load_cell import LoadCell

    from scale.keying import Keying
    from scale.lock_desk import LockDesk
    from scale.plu import PriceList
    from scale.screens import Screen
    from scale.sign_in import SignIn
    from scale.slip_desk import SlipDesk
    from scale.storage_line import StorageLine
    from scale.type_plate import TypePlate
    from scale.weighing import Reading, Weigher


class ScaleApp:
    """Two endless tasks, ``weigh`` and ``serve_keys``, over the parts they are given; cards are ``sign_in``'s.

    ``unsold`` counts the weighings since power-on that no sale followed.
    """

    def __init__(
        self,
        *,
        load_cell: "LoadCell",
        keypad: "Keypad",
        ticks_ms: "Callable[[], int]",
        weigher: "Weigher",
        prices: "PriceList",
        sign_in: "SignIn",
        screen: "Screen",
        history: "History",
        publisher: "Publisher",
        storage_line: "StorageLine",
        slip_desk: "SlipDesk",
        lock_desk: "LockDesk",
        lots: "Lots",
        keying: "Keying",
        plate: "TypePlate",
        progress: "Callable[[str], None]",
    ) -> None:
        self._load_cell = load_cell
        self._keypad = keypad
        self._ticks_ms = ticks_ms
        self._weigher = weigher
        self._prices = prices
        self._plu_keys = PluKeys()
        self._sign_in = sign_in
        self._screen = screen
        self._history = history
        self._publisher = publisher
        self._storage_line = storage_line
        self._slip_desk = slip_desk
        self._lock_desk = lock_desk
        self._lots = lots
        self._keying = keying
        self._plate = plate
        self._progress = progress
        self._load = None
        self._clears = 0
        self.unsold = 0

    def readings(self) -> "dict[str, int]":
        """Return its health fields."""
        return {"unsold": self.unsold, "slips_owed": len(self._slip_desk.owed.numbers)}

    def is_busy(self) -> bool:
        """Tell whether somebody is being served: something lies on the pan, or a price or a tare is being keyed."""
        return not self._weigher.reading.is_zero or self._keying.is_open

    async def weigh(self) -> None:
        """Follow the load cell; record every load that settles, sold or not."""
        while True:
            reading = await self._read()
            now = self._ticks_ms()
            if self._load and (reading.is_settled or self._load.is_due(now)):
                self._keep_weighing(self._load)
            if reading.is_settled:
                self.unsold += bool(self._load and not self._load.is_sold)
                self._load = Load(reading, reading.e_grams, now)
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
        self._clears = self._clears + 1 if key == "clear" else 0
        if self._lock_desk.take(key) or self._keying.take(key):
            return
        if not self._plu_keys.is_waiting and self._slip_desk.take(key):
            return
        if key == "zero":
            self._weigher.zero()
            self._screen.say(ZEROED)
        elif key == "tare":
            self._screen.say(TARED if self._weigher.tare() else UNTARED)
        elif key == "clear":
            self._plu_keys.clear()
            self._screen.say(self._plate.line(self._clears))
            self._sign_in.clear()
        else:
            number = self._plu_keys.press(key)
            if number is not None:
                self._sell(number)

    def _sell(self, number: int) -> None:
        self._lock_desk.require_unlocked()
        self._storage_line.require_room()
        self._weigher.check_sellable()
        goods = self._prices.find(number)
        lot = self._sign_in.session().lot_of(goods.number)
        self._lots.require_sellable(lot, self._load.reading.net_grams)
        entries, weighing_back = [], 1
        if self._load.weighing_seq is None:
            entries.append(self._load.weighing())
        else:
            weighing_back = self._history.next_seq - self._load.weighing_seq
        entries.append(self._load.sale(goods, lot, weighing_back))
        sale, sealed = self._history.write(entries)[-1]  # 2 sign, 3 journal
        # On flash. A crash from here on: the sale counts and will be published; the customer may lack a slip.
        self._load.weighing_seq = sale.seq - weighing_back
        self._load.is_sold = True
        self._lots.sold(lot, sale.body["net_grams"])
        self._publisher.wake()  # 4 publish
        self._storage_line.show()
        self._screen.say(sold(goods, sale.body["amount_fen"]))
        self._slip_desk.issue(goods, sale, sealed, self._load.reading.is_preset)

    def _keep_weighing(self, load: Load) -> None:
        if load.weighing_seq is None:
            try:
                weighing, _ = self._history.write([load.weighing()])[0]
                load.weighing_seq = weighing.seq
                self._publisher.wake()
            except Unavailable as refusal:
                load.wait_again(self._ticks_ms())
                self._screen.refuse(refusal.code)
