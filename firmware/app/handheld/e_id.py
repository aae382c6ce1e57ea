"""Whom the inspector stands in front of: the electronic identity mark 电子身份标识, scanned, or a code keyed in.

The mark's format is shared with whoever issues it (``tracewire.mark``); what it is worth is decided here. A sealed mark
of a cloud this device was enrolled with proves that the party was approved. A plain one, or one sealed by a cloud this
device never met, only names the party. One whose seal does not hold is refused, and the inspector is told.
"""

from tracewire import cose, mark
from tracewire.errors import Rejected
from tracewire.vocabulary import IDENTIFICATIONS, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracewire.p256 import VerifyingKey

TYPED = number(IDENTIFICATIONS, "typed")
SCANNED = number(IDENTIFICATIONS, "scanned")
SEALED_MARK = number(IDENTIFICATIONS, "sealed_mark")


class Subject:
    """The party a visit is about; ``name`` and ``mark`` are only known from a seal that held."""

    def __init__(self, party: str, identified_by: int, name: str = "", mark_number: "int | None" = None) -> None:
        self.party = party
        self.identified_by = identified_by
        self.name = name
        self.mark_number = mark_number

    def fields(self) -> "dict[str, object]":
        """Return its part of a visit's body; a visit without a scan is marked as such (Zhengzhou art. 11.3)."""
        body = {"subject": self.party, "identified_by": self.identified_by}
        if self.mark_number is not None:
            body["mark"] = self.mark_number
        return body


def typed(party: str) -> Subject:
    """Return the subject of a visit without a scan."""
    return Subject(party, TYPED)


def scanned(text: bytes, issuers: "list[VerifyingKey]") -> Subject:
    """Return whom a scanned mark names; ``Rejected("mark.…")`` for no mark, "mark.forged" for a seal that is false.

    ``issuers`` are the keys of the clouds that this device was enrolled with.
    """
    party, sealed = mark.read(text)
    if not sealed:
        return Subject(party, SCANNED)
    try:
        kid = cose.parse(sealed).kid
        for key in issuers:
            if key.kid == kid:
                opened = mark.open_sealed(sealed, party, key)
                return Subject(party, SEALED_MARK, opened.name, opened.number)
    except Rejected as refusal:
        raise Rejected("mark.forged", refusal.code)
    return Subject(party, SCANNED)
