"""What a card says: whose it is, the stall, the lots, and on a wholesaler's card how much of each lot is left.

Deterministic CBOR: ``{1: seller digits (BCD), 2: stall text, 3: [[plu, lot digits (BCD)], …], 4: [grams left, …]}``.
4 is there on a wholesaler's card only, also on an empty one, and has one number for each row of 3. 1 to 3 are the card
of ``scale.session``, so the same bytes sign a seller in at a scale. The bounds are those of the session record: what no
record could carry is on no card.
"""

from tracewire import cbor, record
from tracewire.errors import Misuse, Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_GRAMS = 0x7FFFFFFF

_SELLER, _STALL, _LOTS, _GRAMS = 1, 2, 3, 4
_TYPES = {name: field_type for _, name, field_type, _ in record.FIELDS[record.SESSION]}


class Contents:
    """``seller`` 13 digits; ``stall`` text, may be empty; ``lots`` ((plu, lot), …).

    ``grams`` (left, …) of each lot on a wholesaler's card; None on a card that holds no stock.
    """

    def __init__(
        self, seller: str, stall: str, lots: "Sequence[tuple[int, str]]", grams: "Sequence[int] | None" = None
    ) -> None:
        self.seller = seller
        self.stall = stall
        self.lots = tuple([tuple(row) for row in lots])
        self.grams = None if grams is None else tuple(grams)

    def encode(self) -> bytes:
        """Return the bytes of the card; Misuse for values that could not be read back."""
        if not _is_sound(self):
            raise Misuse("card.contents")
        packed = [[plu, record.pack_digits(lot)] for plu, lot in self.lots]
        fields = {_SELLER: record.pack_digits(self.seller), _STALL: self.stall, _LOTS: packed}
        if self.grams is not None:
            fields[_GRAMS] = list(self.grams)
        return cbor.encode(fields)

    def grams_left(self, lot: str) -> int:
        """Return how much of ``lot`` the card still holds; Rejected "card.no_lot" when it is not on the card."""
        for (_, code), grams in zip(self.lots, self.grams or ()):
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

    def receive(self, plu: int, lot: str, grams: int) -> "Contents":
        """Return the contents after ``grams`` of ``lot`` were bought as goods ``plu``; it stands first.

        A wholesaler's card forgets the lots that it has sold out. On any other the lot takes the place of what was
        sold under ``plu``, and its mass is not told.
        """
        lots, grams_left = [(plu, lot)], None
        if self.grams is None:
            lots.extend([row for row in self.lots if row[0] != plu])
        else:
            stock = [(row, left) for row, left in zip(self.lots, self.grams) if left > 0]
            lots.extend([row for row, _ in stock])
            grams_left = [grams]
            grams_left.extend([left for _, left in stock])
        return Contents(self.seller, self.stall, lots, grams_left)


def decode(data: bytes) -> Contents:
    """Read a card's bytes; Rejected "card.contents" for anything that ``encode`` would not write."""
    try:
        fields = cbor.decode(data)
        if not isinstance(fields, dict):
            raise Rejected("card.contents")
        lots = tuple([(plu, record.unpack_digits(lot)) for plu, lot in fields[_LOTS]])
        contents = Contents(record.unpack_digits(fields[_SELLER]), fields[_STALL], lots, fields.get(_GRAMS))
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
    if grams is None:
        return True
    if len({lot for _, lot in lots}) < len(lots):
        return False  # two stocks of one lot: nobody could say which is meant
    is_mass = [isinstance(left, int) and not isinstance(left, bool) and 0 <= left <= MAX_GRAMS for left in grams]
    return len(grams) == len(lots) and all(is_mass)
