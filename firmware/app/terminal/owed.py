"""What is signed and not yet on a card: kept on flash until the card says that it has it, and never written twice.

A record is on flash before a card is written, and a card may be pulled out at any moment, or come back tomorrow. So
each write that a deal owes is noted beside the record, and settled when its card is tapped:

    generation as before the deal     the card does not have it: write it
    one further, contents as owed     it has it: the answer was lost
    one further, other contents       another terminal wrote it from the old state: write it on top
    further than that                 nobody can tell: the card is left alone, and an audit record says so

Two steps around the record: ``stage`` notes what it will owe, ``commit`` makes it owed. A power cut in between is
mended at boot by the newest record of the journal: either it is the deal's, or the deal never was.
"""

import os

from tracewire import cbor
from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cards.contents import Contents
    from tracewire.record import Record

FILE = "owed.cbor"
MOST = 24
"""Cards that went away unwritten; the write that is owed for longest is then given up, and an audit record says so."""


class Write:
    """One write that is owed to the card ``uid``: a lot drawn from it, or received (``is_receipt``).

    ``generation`` and ``target`` are what the card was and what it shall say.
    """

    def __init__(
        self, uid: bytes, generation: int, target: bytes, is_receipt: bool, plu: int, lot: str, grams: int
    ) -> None:
        self.row = [uid, generation, target, is_receipt, plu, lot, grams]
        self.uid = uid
        self._generation = generation
        self._target = target
        self._is_receipt = is_receipt
        self._goods = (plu, lot, grams)

    def describe(self) -> str:
        """Return what an audit record says of it."""
        _, lot, grams = self._goods
        uid = "".join(["%02x" % octet for octet in self.uid])
        return "card %s: %s %d g of %s" % (uid, "receive" if self._is_receipt else "draw", grams, lot)

    def apply(self, what: "Contents") -> "Contents":
        """Return ``what`` with the deal in it; Rejected "card.overdrawn" or "card.no_lot"."""
        plu, lot, grams = self._goods
        return what.receive(plu, lot, grams) if self._is_receipt else what.draw(lot, grams)

    def is_on(self, what: "Contents", generation: int) -> "bool | None":
        """Tell whether the card has it already; None when nobody can tell."""
        if generation <= self._generation:
            return False
        if generation == self._generation + 1:
            return what.encode() == self._target
        return None


class Owed:
    """The writes under the flash root ``root``, oldest first; what changes them raises Unavailable "owed.flash"."""

    def __init__(self, root: str) -> None:
        self._path = root + "/" + FILE
        self._rows = []
        self._staged = []  # [number of the voucher, goods number, rows]
        self._load()

    def find(self, uid: bytes) -> "Write | None":
        """Return the oldest write that is owed to a card."""
        for row in self._rows:
            if row[0] == uid:
                return Write(*row)
        return None

    def stage(self, voucher: str, plu: int, writes: "list[Write]") -> None:
        """Note what the deal of ``voucher`` will owe when it is in the journal; on flash when this returns."""
        self._staged = [voucher, plu, [write.row for write in writes]]
        self._keep()

    def commit(self) -> "list[Write]":
        """The deal is in the journal: owe what was staged. Returns the oldest writes, for which there is no room."""
        rows = self._rows + self._staged[2]
        given_up = [Write(*row) for row in rows[: max(0, len(rows) - MOST)]]
        self._rows, self._staged = rows[len(given_up) :], []
        self._keep()
        return given_up

    def recover(self, newest: "Record | None") -> "int | None":
        """Decide at boot about a deal that the power was cut under: its goods number when ``newest`` is its record.

        ``commit`` it then; else it never was, and is forgotten.
        """
        if not self._staged:
            return None
        voucher, plu, _ = self._staged
        if newest is not None and newest.body.get("voucher") == voucher:
            return plu
        self._staged = []
        self._keep()
        return None

    def settle(self, write: Write) -> None:
        """Forget a write: its card has it, or nobody can tell any more."""
        self._rows.remove(write.row)
        self._keep()

    def move_on(self, write: Write, what: "Contents", generation: int) -> Write:
        """Owe ``write`` on top of what the card says now; on flash when this returns, before the card is written."""
        now = Write(write.uid, generation, write.apply(what).encode(), *write.row[3:])
        self._rows[self._rows.index(write.row)] = now.row
        self._keep()
        return now

    def _keep(self) -> None:
        try:
            with open(self._path + ".new", "wb") as file:
                file.write(cbor.encode([self._rows, self._staged]))
            # Commit point: littlefs renames atomically. A crash before it owes what was owed, after it the new list.
            os.rename(self._path + ".new", self._path)
        except OSError as error:
            raise Unavailable("owed.flash", str(error))

    def _load(self) -> None:
        try:
            with open(self._path, "rb") as file:
                self._rows, self._staged = cbor.decode(file.read())
        except OSError:
            return  # no deal yet
