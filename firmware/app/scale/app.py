"""The flow of a counter scale: settle, record, sign, journal, wake the publisher, print the slip.

    1 weigh     ``weighing``, fed with every sample; a settled load becomes a ``load.Load``
    2 sign      ``tracewire.cose``, inside ``device.history``
    3 journal   ``device.journal``, inside ``device.history``: on flash when ``write`` returns
    4 publish   ``device.publisher`` reads the journal, not these variables

One press of a PLU key sells what lies on the pan. Nothing a person asks for ends in silence: what is refused says why
on the screen. No task here waits between checking a load and writing its sale, so no other task can come between.
"""

from scale.platform import Loads
from scale.plu import PluKeys
from scale.screens import NEW_STOPS, sold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.downlink_lots import Lots
    from device.downlink_stops import Stops

    from scale.keying import Keying
    from scale.plu import PriceList
    from scale.screens import Screen
    from scale.sign_in import SignIn
    from scale.slip_desk import SlipDesk
    from scale.station import Station
    from scale.weighing import Reading


class ScaleApp:
    """What a reading and what a key does at the counter; cards are ``sign_in``'s."""

    def __init__(
        self,
        *,
        station: "Station",
        prices: "PriceList",
        sign_in: "SignIn",
        screen: "Screen",
        slip_desk: "SlipDesk",
        lots: "Lots",
        stops: "Stops",
        keying: "Keying",
    ) -> None:
        self._station = station
        self._prices = prices
        self._plu_keys = PluKeys()
        self._sign_in = sign_in
        self._screen = screen
        self._slip_desk = slip_desk
        self._lots = lots
        self._keying = keying
        self._loads = Loads(screen, station.history, station.publisher)
        self._in_hand = None  # the load that lay there when the market changed who may sell
        stops.on_change = self._hear_stops

    def readings(self) -> "dict[str, int]":
        """Return its health fields."""
        return {"unsold": self._loads.unsold}

    def is_busy(self) -> bool:
        """Tell whether somebody is being served: something lies on the pan, or a price or a tare is being keyed."""
        return not self._station.weigher.reading.is_zero or self._keying.is_open

    def notice(self, reading: "Reading", now_ticks_ms: int) -> None:
        """Follow what lies on the pan; every load that settles is recorded, sold or not."""
        self._loads.notice(reading, now_ticks_ms)

    def press(self, key: str) -> None:
        """Answer a key; raises ``Rejected`` or ``Unavailable`` for what is not done."""
        line = self._station.plate.press(key)
        if self._keying.take(key):
            return
        if not self._plu_keys.is_waiting and self._slip_desk.take(key):
            return
        if key == "clear":
            self._plu_keys.clear()
            self._screen.say(line)
            self._sign_in.clear()
        elif not self._station.platform.take(key):
            number = self._plu_keys.press(key)
            if number is not None:
                self._sell(number)

    def _sell(self, number: int) -> None:
        station, load = self._station, self._loads.current
        station.lock_desk.require_unlocked()
        station.storage_line.require_room()
        station.weigher.check_sellable()
        goods = self._prices.find(number)
        lot = self._sign_in.session(load is self._in_hand).lot_of(goods.number)
        self._lots.require_sellable(lot, load.reading.net_grams)
        entries, weighing_back = load.weighing_before(station.history)
        entries.append(load.sale(goods, lot, weighing_back))
        sale, sealed = station.history.write(entries)[-1]  # 2 sign, 3 journal
        # On flash. A crash from here on: the sale counts and will be published; the customer may lack a slip.
        load.weighing_seq = sale.seq - weighing_back
        load.is_sold = True
        self._lots.sold(lot, sale.body["net_grams"])
        station.publisher.wake()  # 4 publish
        station.storage_line.show()
        self._screen.say(sold(goods, sale.body["amount_fen"]))
        self._slip_desk.issue(goods, sale, sealed, load.reading.is_preset)

    def _hear_stops(self) -> None:
        self._in_hand = self._loads.current
        self._screen.say(NEW_STOPS)
