"""GS1: a lot as a Digital Link address, net weight in its query, and the weight labels of in-store scales.

GS1 General Specifications, GS1 Digital Link URI Syntax 1.4: the key is (01) GTIN, its qualifiers come in the order 22,
10, 21, attributes stand in the query. Variable-weight EAN-13 labels have no one layout in the world: which prefix means
what is a market's own table.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from stdnum import ean
from tracewire.errors import Rejected

_QUALIFIERS = ("22", "10", "21")
_VALUE = re.compile(r"[!\"%-?A-Z_a-z]{1,20}")
"""GS1 AI encodable character set 82, at most 20."""
_WEIGHT = re.compile(r"310([0-5])")
_MOST_CHARACTERS = 400


@dataclass(frozen=True)
class Link:
    """What a Digital Link of goods says; ``net_grams`` from (310n)."""

    gtin: str
    lot: str = ""
    serial: str = ""
    net_grams: int | None = None


def link_of(domain: str, link: Link) -> str:
    """Return the address; ``Rejected("gs1.…")`` for what GS1 does not allow."""
    gtin = link.gtin.zfill(14)
    _require_gtin(gtin)
    path = f"/01/{gtin}"
    for identifier, value in (("10", link.lot), ("21", link.serial)):
        if value:
            _require_value(value)
            path += f"/{identifier}/{quote(value, safe='')}"
    query = "" if link.net_grams is None else "?" + urlencode({"3103": _six(link.net_grams)})
    return f"https://{domain}{path}{query}"


def parse_link(address: str) -> Link:
    """Return what an address says; ``Rejected("gs1.link")``, ``"gs1.gtin"``, ``"gs1.value"`` or ``"gs1.weight"``."""
    parts = urlsplit(address[:_MOST_CHARACTERS])
    steps = [unquote(step) for step in parts.path.strip("/").split("/")]
    if "01" not in steps[:-1]:
        raise Rejected("gs1.link", "no /01/GTIN in it")
    steps = steps[steps.index("01") :]
    keys, values = steps[0::2], steps[1::2]
    order = [_QUALIFIERS.index(key) if key in _QUALIFIERS else -1 for key in keys[1:]]
    if len(keys) != len(values) or -1 in order or order != sorted(set(order)):
        raise Rejected("gs1.link", "the qualifiers after /01/ are 22, 10 and 21, in this order")
    found = dict(zip(keys, values, strict=True))
    _require_gtin(found["01"])
    for key in keys[1:]:
        _require_value(found[key])
    return Link(found["01"], found.get("10", ""), found.get("21", ""), _net_grams(parts.query))


def _net_grams(query: str) -> int | None:
    weights = [(key, value) for key, value in parse_qsl(query) if _WEIGHT.fullmatch(key)]
    if not weights:
        return None
    (key, value), *others = weights
    if others or not re.fullmatch(r"[0-9]{6}", value):
        raise Rejected("gs1.weight", "(310n) has six digits, once")
    scale = int(key[3])  # 310n: n decimals of a kilogram
    grams, rest = divmod(int(value) * 1000, (1, 10, 100, 1_000, 10_000, 100_000)[scale])
    if rest:
        raise Rejected("gs1.weight", "finer than a gram")
    return grams


def _six(net_grams: int) -> str:
    if not 0 <= net_grams <= 999_999:
        raise Rejected("gs1.weight", "(3103) goes up to 999.999 kg")
    return f"{net_grams:06}"


def _require_gtin(gtin: str) -> None:
    if not (len(gtin) == 14 and gtin.isascii() and gtin.isdigit()):
        raise Rejected("gs1.gtin", "14 digits, shorter ones with zeros in front")
    if ean.calc_check_digit(gtin[:-1]) != gtin[-1]:
        raise Rejected("gs1.gtin", f"its check digit would be {ean.calc_check_digit(gtin[:-1])}, it is {gtin[-1]}")


def _require_value(value: str) -> None:
    if not _VALUE.fullmatch(value):
        raise Rejected("gs1.value", "a lot or serial has 1 to 20 letters, digits and signs of GS1's table")


@dataclass(frozen=True)
class WeightLabel:
    """One market's layout of 13 digits: prefix, item digits, then digits of grams or fen, then the check digit."""

    prefix: str
    item_digits: int
    states: str
    """``"grams"`` or ``"fen"``."""

    def read(self, code: str) -> tuple[str, int]:
        """Return (item, grams or fen); ``Rejected("gs1.label")``."""
        if not (len(code) == 13 and code.isascii() and code.isdigit() and code.startswith(self.prefix)):
            raise Rejected("gs1.label", f"13 digits that begin with {self.prefix}")
        if ean.calc_check_digit(code[:-1]) != code[-1]:
            raise Rejected("gs1.label", f"its check digit would be {ean.calc_check_digit(code[:-1])}, it is {code[-1]}")
        item = len(self.prefix) + self.item_digits
        return code[len(self.prefix) : item], int(code[item:-1])
