"""The price list of the scale: goods by PLU number, as enrolment, a signed downlink or the seller left it on flash."""

import os

from tracewire import cbor
from tracewire.errors import Rejected, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FILE_NAME = "plu.cbor"


class Plu:
    """One kind of goods: number, name for the screen (UTF-8) and for the slip (GBK), price in fen per kilogram."""

    def __init__(self, number: int, name: str, name_gbk: bytes, price_fen_per_kg: int) -> None:
        self.number = number
        self.name = name
        self.name_gbk = name_gbk
        self.price_fen_per_kg = price_fen_per_kg


class PriceList:
    """All goods this scale may sell, ``by_number``; ``path`` is the file that a changed price goes to."""

    def __init__(self, goods: "list[Plu]", path: str = "") -> None:
        self.by_number = {plu.number: plu for plu in goods}
        self.path = path

    def find(self, number: int) -> Plu:
        """Return the goods with this number; Rejected "plu.unknown", or "plu.no_price" for a price of zero."""
        plu = self.goods(number)
        if plu.price_fen_per_kg <= 0:
            raise Rejected("plu.no_price", str(number))
        return plu

    def goods(self, number: int) -> Plu:
        """Return the goods with this number, priced or not; Rejected "plu.unknown"."""
        plu = self.by_number.get(number)
        if plu is None:
            raise Rejected("plu.unknown", str(number))
        return plu

    def stage(self, goods: Plu, price_fen_per_kg: int) -> None:
        """Write the list with another price beside the list in force.

        Raises Rejected "plu.no_price" for zero, Unavailable "plu.flash".
        """
        if price_fen_per_kg <= 0:
            raise Rejected("plu.no_price", str(goods.number))
        if self.goods(goods.number) is not goods:
            raise Rejected("plu.unknown", str(goods.number))  # a new list came while it was keyed
        rows = []
        for plu in self.by_number.values():
            price = price_fen_per_kg if plu is goods else plu.price_fen_per_kg
            rows.append([plu.number, plu.name, plu.name_gbk, price])
        self.stage_list(rows)

    def adopt(self, goods: Plu, price_fen_per_kg: int) -> None:
        """Put the staged list in force; on flash when this returns. Unavailable "plu.flash": the old one stays."""
        self._rename()
        goods.price_fen_per_kg = price_fen_per_kg

    def changes(self, rows: "Sequence[Sequence[object]]") -> "list[tuple[int, int, int]]":
        """Return (number, price before, price after) of each price in which ``rows`` differ; 0 for no such goods."""
        before = {plu.number: plu.price_fen_per_kg for plu in self.by_number.values()}
        after = {number: price for number, _, _, price in rows}
        numbers = sorted(set(before) | set(after))
        told = [(number, before.get(number, 0), after.get(number, 0)) for number in numbers]
        return [change for change in told if change[1] != change[2]]

    def stage_list(self, rows: "Sequence[Sequence[object]]") -> None:
        """Write a whole list beside the list in force; rows as in ``plu.cbor``. Unavailable "plu.flash"."""
        try:
            with open(self.path + ".new", "wb") as file:
                file.write(cbor.encode(rows))
        except OSError as error:
            raise Unavailable("plu.flash", str(error))

    def adopt_list(self, rows: "Sequence[Sequence[object]]") -> None:
        """Put the staged list in force, as ``adopt`` does; everybody who holds this object sees it."""
        self._rename()
        self.by_number = {number: Plu(number, name, gbk, price) for number, name, gbk, price in rows}

    def _rename(self) -> None:
        try:
            os.rename(self.path + ".new", self.path)
        except OSError as error:
            raise Unavailable("plu.flash", str(error))
        # Commit point: littlefs renames atomically. A crash before it keeps the old list, after it the new one.

    def names(self, numbers: "list[int]") -> "list[tuple[int, str]]":
        """Return (number, name) of those of ``numbers`` that are on the list."""
        return [(number, self.by_number[number].name) for number in numbers if number in self.by_number]


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

    @property
    def is_waiting(self) -> bool:
        """Tell whether the second of two digits is to come."""
        return self._first_digit != ""

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
