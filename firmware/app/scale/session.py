"""Who is selling: the seller's card, tapped once, holds from then on, also through a power cut.

The card names the seller, the stall and the lot of each PLU. Card contents are a hint, not an authority (most cards in
the field can be copied): the session record says which card was shown, and the cloud judges.
"""

import os

from tracewire import cbor, record
from tracewire.errors import Rejected

FILE_NAME = "session.cbor"
OUT = 0
IN = 1  # positions in ``vocabulary.SESSION_ACTIONS``

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scale.plu import PriceList

_SELLER, _STALL, _LOTS = 1, 2, 3


class Session:
    """A decoded card: ``seller`` digits, ``stall`` text, lot code digits by PLU number."""

    def __init__(self, card: bytes, seller: str, stall: str, lots: "list[tuple[int, str]]") -> None:
        self.card = card
        self.seller = seller
        self.stall = stall
        self._lots = lots

    def lot_of(self, plu: int) -> str:
        """Return the lot that is being sold as ``plu``; Rejected "session.no_lot" when the card has none."""
        for number, lot in self._lots:
            if number == plu:
                return lot
        raise Rejected("session.no_lot", str(plu))

    def record(self, action: int, prices: "PriceList | None" = None) -> "tuple[int, dict[str, object]]":
        """Return kind and body of the session record for ``action`` (IN or OUT).

        With ``prices`` it names the goods of each key that the card has a lot for: a sale tells only its key's number.
        """
        body = {"action": action, "seller": self.seller}
        if self.stall:
            body["stall"] = self.stall
        if action == IN and self._lots:
            body["lots"] = self._lots
            goods = prices.names([plu for plu, _ in self._lots]) if prices else []
            if goods:
                body["goods"] = goods
        return record.SESSION, body


def decode_card(card: bytes) -> Session:
    """Read what is on a seller's card; Rejected "session.card" when it is not one of ours."""
    try:
        fields = cbor.decode(card)
        lots = [(int(plu), record.unpack_digits(lot)) for plu, lot in fields[_LOTS]]
        session = Session(card, record.unpack_digits(fields[_SELLER]), fields[_STALL], lots)
        _check(session.record(IN)[1])
    except (Rejected, TypeError, ValueError, KeyError, IndexError):
        raise Rejected("session.card")
    return session


def _check(body: "dict[str, object]") -> None:
    """Refuse a card whose values no record could carry, before anyone sells under it."""
    for _, name, field_type, _ in record.FIELDS[record.SESSION]:
        if name in body and not field_type.check(body[name]):
            raise Rejected("session.card", name)


class SessionStore:
    """The current session and its file under the flash root ``root``."""

    def __init__(self, root: str) -> None:
        self._path = root + "/" + FILE_NAME
        self.current = self._load()

    def keep(self, session: "Session | None") -> None:
        """Make ``session`` the current one; when this returns it is on flash and survives a power cut."""
        with open(self._path + ".new", "wb") as file:
            file.write(b"" if session is None else session.card)
        # Commit point: littlefs renames atomically. A crash before it keeps the old session, after it the new one.
        os.rename(self._path + ".new", self._path)
        self.current = session

    def _load(self) -> "Session | None":
        try:
            with open(self._path, "rb") as file:
                card = file.read()
            return decode_card(card) if card else None
        except OSError:
            return None  # never tapped
        except Rejected:
            return None  # an older format: the seller taps again
