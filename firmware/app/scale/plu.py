"""The price list of the scale: goods by PLU number, as enrolment or a signed downlink wrote them to flash."""

from tracewire import cbor
from tracewire.errors import Rejected, Unavailable

FILE_NAME = "plu.cbor"


class Plu:
    """One kind of goods: number, name for the screen (UTF-8) and for the slip (GBK), price in fen per kilogram."""

    def __init__(self, number: int, name: str, name_gbk: bytes, price_fen_per_kg: int) -> None:
        self.number = number
        self.name = name
        self.name_gbk = name_gbk
        self.price_fen_per_kg = price_fen_per_kg


class PriceList:
    """All goods this scale may sell."""

    def __init__(self, goods: "list[Plu]") -> None:
        self._by_number = {plu.number: plu for plu in goods}

    def find(self, number: int) -> Plu:
        """Return the goods with this number; Rejected "plu.unknown", or "plu.no_price" for a price of zero."""
        plu = self._by_number.get(number)
        if plu is None:
            raise Rejected("plu.unknown", str(number))
        if plu.price_fen_per_kg <= 0:
            raise Rejected("plu.no_price", str(number))
        return plu


    def names(self, numbers: "list[int]") -> "list[tuple[int, str]]":
        """Return (number, name) of those of ``numbers`` that are on the list."""
        return [(number, self._by_number[number].name) for number in numbers if number in self._by_number]


def decode(data: bytes) -> PriceList:
    """Read ``[[plu, name, name GBK, price_fen_per_kg], ...]``; Rejected "plu.format" for anything else."""
    rows = cbor.decode(data)
    try:
        return PriceList([Plu(number, name, bytes(gbk), int(price)) for number, name, gbk, price in rows])
    except (TypeError, ValueError):
        raise Rejected("plu.format")


def load(root: str) -> PriceList:
    """Read the price list under ``root``; Unavailable "plu.missing" when enrolment has not written one."""
    try:
        with open(root + "/" + FILE_NAME, "rb") as file:
            return decode(file.read())
    except OSError:
        raise Unavailable("plu.missing")


class PluKeys:
    """Turns key presses into PLU numbers: one press of a PLU key, or two digits (01 to 99), never more."""

    def __init__(self) -> None:
        self._first_digit = ""

    def press(self, key: str) -> "int | None":
        """Return the PLU number that is complete with this press, or None; Rejected "key.unknown" for another key."""
        if key.startswith("plu") and key[3:].isdigit():
            self.clear()
            return int(key[3:])
        if not (key.startswith("digit") and key[5:].isdigit()):
            raise Rejected("key.unknown", key)
        if not self._first_digit:
            self._first_digit = key[5:]
            return None
        number = int(self._first_digit + key[5:])
        self.clear()
        return number

    def clear(self) -> None:
        """Forget a digit that was pressed."""
        self._first_digit = ""
