"""The price list of the scale: goods by PLU number, as enrolment, a signed downlink or the seller left it on flash."""

import os

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
    """All goods this scale may sell; ``path`` is the file that a changed price goes to."""

    def __init__(self, goods: "list[Plu]", path: str = "") -> None:
        self._by_number = {plu.number: plu for plu in goods}
        self.path = path

    def find(self, number: int) -> Plu:
        """Return the goods with this number; Rejected "plu.unknown", or "plu.no_price" for a price of zero."""
        plu = self.goods(number)
        if plu.price_fen_per_kg <= 0:
            raise Rejected("plu.no_price", str(number))
        return plu

    def goods(self, number: int) -> Plu:
        """Return the goods with this number, priced or not; Rejected "plu.unknown"."""
        plu = self._by_number.get(number)
        if plu is None:
            raise Rejected("plu.unknown", str(number))
        return plu

    def stage(self, goods: Plu, price_fen_per_kg: int) -> None:
        """Write the list with another price beside the list in force.

        Raises Rejected "plu.no_price" for zero, Unavailable "plu.flash".
        """
        if price_fen_per_kg <= 0:
            raise Rejected("plu.no_price", str(goods.number))
        rows = []
        for plu in self._by_number.values():
            price = price_fen_per_kg if plu is goods else plu.price_fen_per_kg
            rows.append([plu.number, plu.name, plu.name_gbk, price])
        try:
            with open(self.path + ".new", "wb") as file:
                file.write(cbor.encode(rows))
        except OSError as error:
            raise Unavailable("plu.flash", str(error))

    def adopt(self, goods: Plu, price_fen_per_kg: int) -> None:
        """Put the staged list in force; on flash when this returns. Unavailable "plu.flash": the old one stays."""
        try:
            os.rename(self.path + ".new", self.path)
        except OSError as error:
            raise Unavailable("plu.flash", str(error))
        # Commit point: littlefs renames atomically. A crash before it keeps the old price, after it the new one.
        goods.price_fen_per_kg = price_fen_per_kg

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
    path = root + "/" + FILE_NAME
    try:
        with open(path, "rb") as file:
            prices = decode(file.read())
    except OSError:
        raise Unavailable("plu.missing")
    prices.path = path
    return prices


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
