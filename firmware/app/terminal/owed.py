"""What is signed and not yet on a card: kept on flash until the card says that it has it, and never written twice.

A record is on flash before a card is written, and a card may be pulled out at any moment, or come back tomorrow. So
each write that a deal owes is noted beside the record, and settled when its card is tapped:

    generation as before the deal     the card does not have it: write it
    one further, contents as owed     it has it: the answer was lost
    one further, other contents       another terminal wrote it from the old state: write it on top
    further than that                 nobody can tell: the card is left alone, and an audit record says so
    not as far as before the deal     it was set back, and is refused

One note before the record, ``stage``, under the number that the record will take, and none after it. Numbers follow
each other without a gap, so a deal was signed when as many were counted, and a note under the same number again means
that the one before it was not. That a write is settled is on flash with the next deal or within a minute, in one commit
with what was seen of the card; a power cut before that asks the card once more.
"""

from tracewire import cbor, chain, record
from tracewire.errors import Rejected, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cards.contents import Contents

    from terminal.notes import Notes

MOST = 24
"""Cards that went away unwritten; the write that is owed for longest is then given up, and an audit record says so."""

_TAG = 2  # of these notes among those of the device (``terminal.notes``)
MOVED = 0  # in place of a deal's number: a write as it stands
_NOTHING = [0]
DIGEST_BYTES = 4


class Write:
    """One write that is owed to the card ``uid``: a lot drawn from it, or received (``is_receipt``).

    ``generation`` is what the card was, ``target`` the ``digest`` of what it shall say, ``terms`` are the deal's with
    the packed digits of its lot, and ``row`` is all of it as it is noted.
    """

    def __init__(
        self, uid: bytes, generation: int, target: bytes, is_receipt: bool, plu: int, lot: bytes, grams: int
    ) -> None:
        self.row = [uid, generation, target, is_receipt, plu, lot, grams]
        self.uid = uid
        self._generation = generation
        self._target = target
        self.terms = (is_receipt, plu, lot, grams)

    def describe(self) -> str:
        """Return what an audit record says of it."""
        is_receipt, _, lot, grams = self.terms
        uid = "".join(["%02x" % octet for octet in self.uid])
        return "card %s: %s %d g of %s" % (uid, "receive" if is_receipt else "draw", grams, record.unpack_digits(lot))

    def apply(self, what: "Contents") -> "Contents":
        """Return ``what`` with the deal in it; Rejected "card.overdrawn" or "card.no_lot"."""
        is_receipt, plu, packed, grams = self.terms
        lot = record.unpack_digits(packed)
        return what.receive(plu, lot, grams) if is_receipt else what.draw(lot, grams)

    def is_on(self, what: "Contents", generation: int) -> "bool | None":
        """Tell whether the card has it already; None when nobody can tell, Rejected "card.rolled_back"."""
        if generation < self._generation:
            raise Rejected("card.rolled_back", "%d after %d" % (generation, self._generation))
        if generation == self._generation:
            return False
        if generation == self._generation + 1:
            return digest(what) == self._target
        return None


class Owed:
    """The writes that are owed, at most one to a card, oldest first.

    ``count`` is how many deals were signed (``History.totals[0]``).
    """

    def __init__(self, notes: "Notes", count: int) -> None:
        self._notes = notes
        self._rows = []
        self._staged = _NOTHING  # [number of the deal, rows]
        self._changes = []
        notes.join(_TAG, self)
        if self._staged[0] <= count:
            self._owe(self._staged[1:])
        # Else the power went before the record: the deal never was, and the next one takes its number.
        self._staged = _NOTHING

    def find(self, uid: bytes) -> "Write | None":
        """Return the write that is owed to a card."""
        for row in self._rows:
            if row[0] == uid:
                return Write(*row)
        return None

    def stage(self, number: int, writes: "list[Write]") -> None:
        """Note what the ``number``-th deal will owe once it is signed; on flash when this returns.

        With it goes what was grouped before. What was seen of a card that is owed something can wait, because the write
        says which generation the card was; but not when its last write is settled here. Raises Unavailable
        "notes.flash".
        """
        self._staged = [number] + [write.row for write in writes]
        self._changes.append(cbor.encode(self._staged))
        owed = [row[0] for row in self._rows + self._staged[1:]]
        self._notes.flush([uid for uid in owed if cbor.encode(uid) not in self._changes])

    def commit(self) -> "list[Write]":
        """The deal is in the journal: owe what was staged. Returns the oldest writes, for which there is no room."""
        self._owe(self._staged[1:])
        self._staged = _NOTHING
        given_up = [Write(*row) for row in self._rows[: max(0, len(self._rows) - MOST)]]
        for write in given_up:
            self.settle(write)
        return given_up

    def settle(self, write: Write) -> None:
        """Forget a write: its card has it, or it was given up and is on record. On flash with the next flush."""
        self._rows.remove(write.row)
        self._changes.append(cbor.encode(write.uid))

    def move_on(self, write: Write, what: "Contents", generation: int) -> Write:
        """Owe ``write`` on top of what the card says now; on flash when this returns, before the card is written."""
        now = Write(write.uid, generation, digest(write.apply(what)), *write.terms)
        if now.row != write.row:
            at = self._rows.index(write.row)
            self._rows[at] = now.row
            self._changes.append(cbor.encode([MOVED, now.row]))
            try:
                self._notes.flush()
            except Unavailable:  # the next tap moves it on anew, before it writes
                self._rows[at] = write.row
                raise
        return now

    def restore(self, note: bytes) -> None:
        """Take a note back from flash: a deal that was staged, a write that moved on, or one that was settled."""
        said = cbor.decode(note)
        if isinstance(said, bytes):
            self._sign(said)
            self._drop(said)
        elif said[0] == MOVED:
            self._sign(said[1][0])
            self._owe(said[1:])
        else:
            if said[0] != self._staged[0]:
                self._owe(self._staged[1:])
            self._staged = said

    def notes(self, is_all: bool, later: "Sequence[bytes]") -> "list[bytes]":  # noqa: ARG002
        """Return the notes that make this list, or those of what changed; none of them waits."""
        if not is_all:
            return self._changes
        said = [[MOVED, row] for row in self._rows]
        if self._staged[1:]:
            said.append(self._staged)
        return [cbor.encode(one) for one in said]

    def flushed(self, later: "Sequence[bytes]") -> None:  # noqa: ARG002
        """What changed is on flash."""
        self._changes = []

    def _sign(self, uid: bytes) -> None:
        """Owe the staged deal if it is about a card: that card's writes move on and settle after the record only."""
        if uid in [row[0] for row in self._staged[1:]]:
            self._owe(self._staged[1:])
            self._staged = _NOTHING

    def _owe(self, rows: "list[object]") -> None:
        """Add rows. A card gets what it is owed before it deals again, so an older row of it is settled."""
        for row in rows:
            self._drop(row[0])
            self._rows.append(row)

    def _drop(self, uid: bytes) -> None:
        self._rows = [row for row in self._rows if row[0] != uid]


def digest(what: "Contents") -> bytes:
    """Return what a note keeps of contents, to know them again by."""
    return chain.digest(what.encode())[:DIGEST_BYTES]
