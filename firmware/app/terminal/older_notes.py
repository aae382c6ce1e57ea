"""What a release before ``terminal.notes`` left on flash: carried over at power-on, and only then deleted.

    owed.cbor           [[row of a write that is owed, …], [voucher, goods number, rows]]: the second one is a deal that
                        was about to be signed, or empty
    card_counters.bin   the table of ``cards.counters``
    vouchers/NN         copies of records, for printing again; they are in the ledger, and are not carried over

A row had the contents that the card shall have and the digits of its lot where it has now the digest of those and the
packed digits. An older release that comes back does not know of what was carried over.
"""

import os

from cards.counters import Counters
from tracewire import cbor, chain, record
from tracewire.errors import Unavailable

from terminal.noted_counters import NOTED_BYTES, ROW_BYTES
from terminal.owed import DIGEST_BYTES, MOVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from terminal.noted_counters import NotedCounters
    from terminal.notes import Notes
    from terminal.owed import Owed

OWED, COUNTERS, VOUCHERS = "owed.cbor", "card_counters.bin", "vouchers"


class OlderCounters(Counters):
    """The table in its own file."""

    def carry_to(self, counters: "NotedCounters") -> None:
        """Tell ``counters`` every row, the one that goes next first."""
        for step in range(len(self._rows) // ROW_BYTES):
            at = (self._oldest + step) * ROW_BYTES % len(self._rows)
            counters.restore(bytes(self._rows[at : at + NOTED_BYTES]))


def carry_over(root: str, notes: "Notes", counters: "NotedCounters", owed: "Owed", count: int) -> None:
    """Note what older files say, in one commit, then delete them; ``count`` deals were signed.

    A power cut anywhere: the next power-on does it again, and nothing was noted in between. Raises Unavailable
    "notes.flash".
    """
    names = os.listdir(root or "/")
    if OWED in names or COUNTERS in names:
        OlderCounters(root).carry_to(counters)
        for row in _rows(root, count) if OWED in names else ():
            owed.restore(cbor.encode([MOVED, row]))
        notes.gather()
    # On flash. A crash from here on: what is deleted is noted, and what is left is carried over once more.
    try:
        for name in (OWED, OWED + ".new", COUNTERS, COUNTERS + ".new"):
            if name in names:
                os.remove(root + "/" + name)
        if VOUCHERS in names:
            for name in os.listdir(root + "/" + VOUCHERS):
                os.remove("%s/%s/%s" % (root, VOUCHERS, name))
            os.rmdir(root + "/" + VOUCHERS)
    except OSError as error:
        raise Unavailable("notes.flash", str(error))


def _rows(root: str, count: int) -> "list[list[object]]":
    """Return the writes that are owed, those of a deal that was signed just before the power went as well."""
    with open(root + "/" + OWED, "rb") as file:
        rows, staged = cbor.decode(file.read())
    if staged and int(staged[0][-7:]) <= count:
        rows += staged[2]
    return [
        [uid, generation, chain.digest(target)[:DIGEST_BYTES], is_receipt, plu, record.pack_digits(lot), grams]
        for uid, generation, target, is_receipt, plu, lot, grams in rows
    ]
