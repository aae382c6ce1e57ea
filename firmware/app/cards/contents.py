"""What a card says: whose it is, the stall, the lots, and on a wholesaler's card how much of each lot is left.

Deterministic CBOR: ``{1: seller digits (BCD), 2: stall text, 3: [[plu, lot digits (BCD)], …], 4: [grams left, …]}``.
4 is there on a wholesaler's card only and has one number for each row of 3. 1 to 3 are the card of ``scale.session``,
so the same bytes sign a seller in at a scale. The bounds are those of the session record: what no record could carry
is on no card.
"""

from tracewire import cbor, record
from tracewire.errors import Misuse, Rejected

MAX_GRAMS = 0x7FFFFFFF

_SELLER, _STALL, _LOTS, _GRAMS = 1, 2, 3, 4
_TYPES = {name: field_type for _, name, field_type, _ in record.FIELDS[record.SESSION]}


class Contents:
    """``seller`` 13 digits; ``stall`` text, may be empty; ``lots`` ((plu, lot), …); ``grams`` (left, …) or ()."""

    def __init__(
        self, seller: str, stall: str, lots: "tuple[tuple[int, str], ...]", grams: "tuple[int, ...]" = ()
    ) -> None:
        self.seller = seller
        self.stall = stall
        self.lots = tuple([tuple(row) for row in lots])
        self.grams = tuple(grams)

    def encode(self) -> bytes:
        """Return the bytes of the card; Misuse for values that could not be read back."""
        if not _is_sound(self):
            raise Misuse("card.contents")
        packed = [[plu, record.pack_digits(lot)] for plu, lot in self.lots]
        fields = {_SELLER: record.pack_digits(self.seller), _STALL: self.stall, _LOTS: packed}
        if self.grams:
            fields[_GRAMS] = list(self.grams)
        return cbor.encode(fields)

    def grams_left(self, lot: str) -> int:
        """Return how much of ``lot`` the card still holds; Rejected "card.no_lot" when it is not on the card."""
        for (_, code), grams in zip(self.lots, self.grams):
            if code == lot:
                return grams
        raise Rejected("card.no_lot", lot)

    def draw(self, lot: str, grams: int) -> "Contents":
        """Return the contents after ``grams`` of ``lot`` were sold.

        Rejected "card.overdrawn" when less is left; the detail is what is left, in grams, for the screen.
        """
        left = self.grams_left(lot)
        if not 0 < grams <= left:
            raise Rejected("card.overdrawn", str(left))
        now = [rest - grams if code == lot else rest for (_, code), rest in zip(self.lots, self.grams)]
        return Contents(self.seller, self.stall, self.lots, tuple(now))


def decode(data: bytes) -> Contents:
    """Read a card's bytes; Rejected "card.contents" for anything that ``encode`` would not write."""
    try:
        fields = cbor.decode(data)
        if not isinstance(fields, dict):
            raise Rejected("card.contents")
        lots = tuple([(plu, record.unpack_digits(lot)) for plu, lot in fields[_LOTS]])
        contents = Contents(record.unpack_digits(fields[_SELLER]), fields[_STALL], lots, tuple(fields.get(_GRAMS, ())))
        if _is_sound(contents) and contents.encode() == data:
            return contents
    except (Rejected, TypeError, ValueError, KeyError):
        pass  # whatever was wrong, the answer is the same
    raise Rejected("card.contents")


def _is_sound(contents: Contents) -> bool:
    seller, stall, lots, grams = contents.seller, contents.stall, contents.lots, contents.grams
    if not _TYPES["seller"].check(seller) or not (stall == "" or _TYPES["stall"].check(stall)):
        return False
    if lots and not _TYPES["lots"].check(lots):
        return False
    if len({lot for _, lot in lots}) < len(lots) and grams:
        return False  # two stocks of one lot: nobody could say which is meant
    is_mass = [isinstance(left, int) and not isinstance(left, bool) and 0 <= left <= MAX_GRAMS for left in grams]
    return len(grams) in (0, len(lots)) and all(is_mass)
