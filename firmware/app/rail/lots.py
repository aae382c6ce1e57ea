"""Which pig lot is on the line: eight places, one key for each, filled by lot cards; and each lot's certificates.

A lot card is CBOR: ``{4: lot code as packed digits, 5: origin, 6: origin in GBK, 7: product, 8: product in GBK,
9: [[kind of document, number, number in GBK, issuer, issued ms, valid until ms], …]}``; "" and 0 stand for unknown. A
wholesaler's card has a list under 4, what is left of each lot, so neither is taken for the other. GBK stands beside the
text because a printer reads nothing else and a microcontroller has no code page.

The window of a certificate is not judged here: an animal certificate has to be valid when the pigs arrive, and they may
wait a night. The record carries the dates, the cloud judges.
"""

import os

from tracewire import cbor, record
from tracewire.errors import Rejected
from tracewire.fields import Text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FILE_NAME = "lots.cbor"
PLACES = 8

ANIMAL_QUARANTINE = (1, 2)  # positions in ``vocabulary.DOCUMENTS``: 动物A, 动物B
PRODUCT_QUARANTINE = (3, 4)  # 产品A, 产品B
QUALITY = (5,)  # 肉品品质检验合格证

_LOT, _ORIGIN, _ORIGIN_GBK, _PRODUCT, _PRODUCT_GBK, _CERTIFICATES = 4, 5, 6, 7, 8, 9
_LARGEST_NUMBER = 0xFFFF
_NAME = Text(96)
_LONGEST_GBK = 64


class Certificate:
    """One document of a lot; ``issuer`` may be empty, the times may be 0."""

    def __init__(
        self, kind: int, number: str, number_gbk: bytes, issuer: str, issued_ms: int, valid_until_ms: int
    ) -> None:
        self.kind = kind
        self.number = number
        self.number_gbk = number_gbk
        self._more = (("issuer", issuer), ("issued_ms", issued_ms), ("valid_until_ms", valid_until_ms))

    def record(self, lot: str) -> "tuple[int, dict[str, object]]":
        """Return kind and body of the record that binds it to ``lot``."""
        body = {"lot": lot, "document": self.kind, "number": self.number}
        body.update([(name, value) for name, value in self._more if value])
        return record.DOCUMENT, body


class Lot:
    """A decoded lot card. ``number`` is its number on this line, 0 before it has a place."""

    def __init__(self, card: bytes, number: int = 0) -> None:
        """Read ``card``; Rejected "lot.card" when it is none, "lot.no_quarantine" without an animal certificate."""
        self.card = card
        self.number = number
        try:
            fields = cbor.decode(card)
            self.code = record.unpack_digits(fields[_LOT])
            self.origin, self.origin_gbk = fields[_ORIGIN], fields[_ORIGIN_GBK]
            self.product, self.product_gbk = fields[_PRODUCT], fields[_PRODUCT_GBK]
            self.certificates = [Certificate(*row) for row in fields[_CERTIFICATES]]
            self._check()
        except (Rejected, TypeError, ValueError, KeyError, IndexError):
            raise Rejected("lot.card")
        if not self.numbers(ANIMAL_QUARANTINE):
            raise Rejected("lot.no_quarantine")

    def numbers(self, kinds: "Sequence[int]") -> "list[bytes]":
        """Return the numbers of its certificates of these kinds, in GBK."""
        return [certificate.number_gbk for certificate in self.certificates if certificate.kind in kinds]

    def _check(self) -> None:
        """Refuse a card whose values no record could carry or no printer could show, before anything hangs under it."""
        for kind, body in [certificate.record(self.code) for certificate in self.certificates]:
            for _, name, field_type, _ in record.FIELDS[kind]:
                if name in body and not field_type.check(body[name]):
                    raise Rejected("lot.card", name)
        printed = [self.origin_gbk, self.product_gbk] + [certificate.number_gbk for certificate in self.certificates]
        if not (
            all([_is_printable(text) for text in printed]) and _NAME.check(self.origin) and _NAME.check(self.product)
        ):
            raise Rejected("lot.card", "names")


def _is_printable(text: object) -> bool:
    """Tell whether these are bytes without printer commands in them: a card is a hint, and must not write vouchers."""
    return isinstance(text, bytes) and 0 < len(text) <= _LONGEST_GBK and min(text) >= 32


def is_lot_card(card: bytes) -> bool:
    """Tell whether a card claims to be a lot's, before it is read in earnest."""
    try:
        fields = cbor.decode(card)
        return isinstance(fields, dict) and isinstance(fields.get(_LOT), bytes)
    except Rejected:
        return False


class Lots:
    """The eight places and their file under the flash root ``root``. ``current`` is the lot on the line, or None.

    Each place keeps the card and which of its certificates are recorded, as ``[kind, number]``.
    """

    def __init__(self, root: str) -> None:
        self._path = root + "/" + FILE_NAME
        self._last_number = 0
        self._rows = []  # [number, lot code, card, [[kind, number of certificate], …]] of each place
        self._place = 0  # 1 to 8, 0 for none
        self.current = None
        self._load()

    @property
    def place(self) -> int:
        """Key of the lot on the line, 1 to 8; 0 when there is none."""
        return self._place

    def put(self, lot: Lot) -> None:
        """Bring a lot to the line, at its place or at the one of the oldest; on flash when this returns."""
        place = self._place_of(lot.code)
        if place:
            lot.number, self._rows[place - 1][2] = self._rows[place - 1][0], lot.card
        else:
            self._last_number = self._last_number % _LARGEST_NUMBER + 1
            lot.number = self._last_number
            place = self._free_place()
            row = [lot.number, lot.code, lot.card, []]
            if place > len(self._rows):
                self._rows.append(row)
            else:
                self._rows[place - 1] = row
        self._select(place, lot)

    def choose(self, place: int) -> None:
        """Bring the lot at ``place``, 1 to 8, to the line again; Rejected "lot.no_place" when there is none."""
        if not 0 < place <= len(self._rows):
            raise Rejected("lot.no_place", str(place))
        self._select(place, self._lot_at(place))

    def clear(self) -> None:
        """Take the lot off the line: what hangs now is weighed and is nobody's carcass."""
        self._select(0, None)

    def unbound(self) -> "list[Certificate]":
        """Return the certificates of the lot on the line that no record binds to it yet."""
        if self.current is None:
            return []
        bound = self._rows[self._place - 1][3]
        return [one for one in self.current.certificates if [one.kind, one.number] not in bound]

    def mark_bound(self) -> None:
        """Note that every certificate of the lot on the line is in the journal."""
        self._rows[self._place - 1][3].extend([[one.kind, one.number] for one in self.unbound()])
        self._keep()

    def number_of(self, code: str) -> int:
        """Return the number of a lot by its code, 0 when it has left the line."""
        place = self._place_of(code)
        return self._rows[place - 1][0] if place else 0

    def _place_of(self, code: str) -> int:
        codes = [row[1] for row in self._rows]
        return codes.index(code) + 1 if code in codes else 0

    def _free_place(self) -> int:
        if len(self._rows) < PLACES:
            return len(self._rows) + 1
        numbers = [row[0] for row in self._rows]
        return numbers.index(min(numbers)) + 1

    def _lot_at(self, place: int) -> Lot:
        number, _, card, _ = self._rows[place - 1]
        return Lot(card, number)

    def _select(self, place: int, lot: "Lot | None") -> None:
        self._place = place
        self.current = lot
        self._keep()

    def _keep(self) -> None:
        with open(self._path + ".new", "wb") as file:
            file.write(cbor.encode([self._place, self._last_number, self._rows]))
        # Commit point: littlefs renames atomically. A crash before it keeps the lots of before, after it the new ones.
        os.rename(self._path + ".new", self._path)

    def _load(self) -> None:
        try:
            with open(self._path, "rb") as file:
                self._place, self._last_number, self._rows = cbor.decode(file.read())
        except OSError:
            return  # no lot has come yet
        if self._place:
            self.current = self._lot_at(self._place)
