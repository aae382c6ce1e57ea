"""What can be keyed in: a unit price and a preset tare. No other number, and no weight, enters the scale by its keys.

    set  PLU key or two digits  price in fen per kg  set      one record, and the price is on flash
    set  tare                   grams                set      preset tare, marked PT from then on

``clear`` gives up. Only with an empty pan: a price never changes while a load is indicated (R 76-1, 4.14.2).
"""

from tracewire.errors import Rejected

from scale.plu import PluKeys
from scale.price import kilograms, yuan
from scale.screens import CHOOSE, PRESET, UNTARED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.history import History
    from device.publisher import Publisher

    from scale.plu import Plu, PriceList
    from scale.screens import Screen
    from scale.storage_line import StorageLine
    from scale.weighing import Weigher

MOST_DIGITS = 6  # 9999.99 yuan a kilogram; 999 kg

_START, _TARE = "set", "tare"


class Keying:
    """``take`` gets every key; between ``set`` and ``set`` all keys are its own."""

    def __init__(
        self,
        weigher: "Weigher",
        prices: "PriceList",
        storage_line: "StorageLine",
        screen: "Screen",
        history: "History",
        publisher: "Publisher",
    ) -> None:
        self._weigher = weigher
        self._prices = prices
        self._storage_line = storage_line
        self._screen = screen
        self._history = history
        self._publisher = publisher
        self._plu_keys = PluKeys()
        self._subject = None  # None: nothing is keyed in; ``set``, ``tare`` or the goods whose price it is
        self._typed = ""

    @property
    def is_open(self) -> bool:
        """Tell whether a sequence of keys has begun."""
        return self._subject is not None

    def take(self, key: str) -> bool:
        """Tell whether ``key`` was for a number being keyed in; whatever is refused ends it."""
        if self._subject is None and key != _START:
            return False
        subject, self._subject = self._subject, None
        if subject is None:
            self._weigher.require_empty()
            self._plu_keys.clear()
            self._typed = ""
            self._subject = _START
            self._screen.say(CHOOSE)
        elif key == "clear":
            self._screen.say("")
        elif subject == _START:
            self._choose(key)
        elif key == _START:
            self._finish(subject, int(self._typed or 0))
        else:
            self._type(subject, key)
        return True

    def _choose(self, key: str) -> None:
        if key == _TARE:
            self._subject = _TARE
            self._screen.say(PRESET)
            return
        number = self._plu_keys.press(key)
        self._subject = _START if number is None else self._prices.goods(number)
        if number is not None:
            self._screen.say(_price_line(self._subject, ""))

    def _type(self, subject: "str | Plu", key: str) -> None:
        if not (key.startswith("digit") and key[5:].isdigit()) or len(self._typed) == MOST_DIGITS:
            raise Rejected("key.unknown", key)
        self._typed += key[5:]
        self._subject = subject
        number = int(self._typed)
        self._screen.say(PRESET + kilograms(number) if subject == _TARE else _price_line(subject, yuan(number)))

    def _finish(self, subject: "str | Plu", number: int) -> None:
        if subject == _TARE:
            grams = self._weigher.preset_tare(number)
            self._screen.say(PRESET + kilograms(grams) if grams else UNTARED)
            return
        self._weigher.require_empty()
        self._storage_line.require_room()
        before = subject.price_fen_per_kg
        self._prices.stage(subject, number)
        self._history.audit("parameter_changed", "price of PLU %d: %d to %d fen/kg" % (subject.number, before, number))
        # Recorded. A crash here: the scale sells at the old price, which each sale states, and the seller sees it.
        self._prices.adopt(subject, number)
        self._publisher.wake()
        self._screen.say(_price_line(subject, ""))


def _price_line(goods: "Plu", new: str) -> str:
    return "改价 %s %s元/kg %s" % (goods.name, yuan(goods.price_fen_per_kg), "→ " + new if new else "")
