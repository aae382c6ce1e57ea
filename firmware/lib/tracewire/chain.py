"""The rules of one device's history: sequence number and previous digest (spec 5).

Why a chain beside a counter: the counter shows that a record is missing, the chain shows that none was exchanged, and
both together that nothing was slipped in between. Pure rules; whoever keeps records (journal, gateway, ledger) brings
the head it knows.
"""

from hashlib import sha256

from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tracewire.record import Record

NO_PREVIOUS = bytes(32)
"""``prev`` of the first record of a device (spec 5.2)."""


class Head:
    """The newest record of a device that a keeper holds: its ``seq`` and the ``digest`` of its sealed bytes."""

    def __init__(self, seq: int, digest: bytes) -> None:
        self.seq = seq
        self.digest = digest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Head) and self.seq == other.seq and self.digest == other.digest

    def __hash__(self) -> int:
        return hash((self.seq, self.digest))


GENESIS = Head(0, NO_PREVIOUS)
"""The head of a device that has sealed nothing yet."""


def digest(sealed: bytes) -> bytes:
    """Return SHA-256 of the sealed bytes as they were received: a record's identity (spec 5.1)."""
    return sha256(sealed).digest()


def check(head: Head, record: "Record", sealed: bytes) -> Head:
    """Return the head after ``record``, which must be the direct successor of ``head`` (spec 5.3).

    Raises ``Rejected`` with ``chain.repeat`` (the very record that is the head), ``chain.fork`` (the head's number with
    other bytes), ``chain.old`` (a number before the head: the keeper must compare with what it holds), ``chain.gap``
    (numbers are missing between) or ``chain.prev`` (the next number, but another past).
    """
    own = digest(sealed)
    if record.seq < head.seq:
        raise Rejected("chain.old", "seq %d is before the head %d" % (record.seq, head.seq))
    if record.seq == head.seq:
        if own == head.digest:
            raise Rejected("chain.repeat", "seq %d again" % record.seq)
        raise Rejected("chain.fork", "seq %d with other bytes" % record.seq)
    if record.seq > head.seq + 1:
        raise Rejected("chain.gap", "seq %d after %d" % (record.seq, head.seq))
    if record.prev != head.digest:
        raise Rejected("chain.prev", "seq %d names another predecessor" % record.seq)
    return Head(record.seq, own)
