"""Types of record fields: what a value may be, and how it travels (spec 4.2).

Why types as small values: the field table in ``record`` must be readable as a table, by people and by the tests and
documents that are made from it. Each type checks a value and turns it into CBOR's words and back; the only one that
changes shape is ``digits``: a digit string travels as binary-coded decimal, half the size of text.
"""

from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGEST = 0x7FFFFFFFFFFFFFFF
"""Numbers end at 63 bits: every database has a signed integer of that size (spec 4.2)."""


class Plain:
    """A value that travels as it is."""

    def to_wire(self, value: "Any") -> "Any":
        """Return ``value``."""
        return value

    def from_wire(self, value: "Any") -> "Any":
        """Return ``value``."""
        return value


class Number(Plain):
    """An integer from ``least`` to ``most``, both included; never a boolean, never a float."""

    def __init__(self, most: int = LARGEST, least: int = 0) -> None:
        self.least = least
        self.most = most

    def check(self, value: "Any") -> bool:
        """Tell whether ``value`` is an integer within the bounds."""
        return not isinstance(value, bool) and isinstance(value, int) and self.least <= value <= self.most


class Word(Number):
    """The number of a word of one vocabulary tuple."""

    def __init__(self, words: "tuple[str, ...]") -> None:
        self.words = words
        Number.__init__(self, len(words) - 1)


class Text(Plain):
    """UTF-8 text of 1 to ``most`` bytes without control characters."""

    def __init__(self, most: int) -> None:
        self.most = most

    def check(self, value: "Any") -> bool:
        """Tell whether ``value`` is text of a sensible length that a page or a printer can show."""
        if not isinstance(value, str):
            return False
        octets = value.encode()  # and not its characters: see ``cbor``
        return 0 < len(octets) <= self.most and all(octet >= 32 and octet != 127 for octet in octets)


class Octets(Plain):
    """A byte string of exactly ``length`` bytes."""

    def __init__(self, length: int) -> None:
        self.length = length

    def check(self, value: "Any") -> bool:
        """Tell whether ``value`` is bytes of the right length."""
        return isinstance(value, bytes) and len(value) == self.length


class Digits:
    """A code of ``least`` to ``most`` decimal digits: text in the program, binary-coded decimal on the wire."""

    def __init__(self, most: int, least: int = 1) -> None:
        self.least = least
        self.most = most

    def check(self, value: "Any") -> bool:
        """Tell whether ``value`` is text of ASCII digits within the bounds."""
        return isinstance(value, str) and self.least <= len(value) <= self.most and not value.strip("0123456789")

    def to_wire(self, value: str) -> bytes:
        """Return the packed digits."""
        return pack_digits(value)

    def from_wire(self, value: "Any") -> str:
        """Return the digits as text."""
        return unpack_digits(value)


class Rows:
    """An array of 1 to ``most`` rows, each an array with one value of each type in ``columns``."""

    def __init__(self, columns: "tuple[Any, ...]", most: int) -> None:
        self.columns = columns
        self.most = most

    def check(self, value: "Any") -> bool:
        """Tell whether every row has every column, each of its type."""
        if not isinstance(value, (list, tuple)) or not 0 < len(value) <= self.most:
            return False
        return all(
            isinstance(row, (list, tuple))
            and len(row) == len(self.columns)
            and all(column.check(cell) for column, cell in zip(self.columns, row))
            for row in value
        )

    def to_wire(self, value: "Any") -> "Any":
        """Return the rows with each cell as it travels."""
        return [[column.to_wire(cell) for column, cell in zip(self.columns, row)] for row in value]

    def from_wire(self, value: "Any") -> "Any":
        """Return the rows with each cell as the program sees it; ``Rejected`` when it is not rows."""
        if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
            raise Rejected("record.field", "rows expected")
        if any(len(row) != len(self.columns) for row in value):
            raise Rejected("record.field", "a row has %d columns" % len(self.columns))
        return tuple(tuple(column.from_wire(cell) for column, cell in zip(self.columns, row)) for row in value)


def pack_digits(digits: str) -> bytes:
    """Return ``digits`` as binary-coded decimal, two to a byte, an odd last nibble filled with F (spec 4.3)."""
    packed = bytearray((len(digits) + 1) // 2)
    for index in range(0, len(digits), 2):
        high = ord(digits[index]) - 48
        low = ord(digits[index + 1]) - 48 if index + 1 < len(digits) else 15
        packed[index // 2] = high << 4 | low
    return bytes(packed)


def unpack_digits(packed: "Any") -> str:
    """Return the digits of binary-coded decimal; ``Rejected("record.digits")`` for any other nibble."""
    if not isinstance(packed, bytes) or not packed:
        raise Rejected("record.digits", "packed digits expected")
    digits = packed.hex()
    if digits[-1] == "f":
        digits = digits[:-1]
    if not digits.isdigit():
        raise Rejected("record.digits", "not binary-coded decimal")
    return digits


# Bounds wide enough for any scale of the product and narrow enough that a total fits 64 bits (spec 4.2).
MASS = Number(0x7FFFFFFF)
SIGNED_MASS = Number(0x7FFFFFFF, -0x7FFFFFFF)
MONEY = Number(0x7FFFFFFFFFFF)
COUNT = Number(0x7FFFFFFF)
SEQ = Number(LARGEST, 1)
TIME = Number(0x7FFFFFFFFFFF)
LOT_CODE = Digits(24, 8)
PARTY = Digits(13, 9)
NAME = Text(96)
LABEL = Text(32)  # a number that stands on a thing: seal, bag, plate
