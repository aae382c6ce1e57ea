"""What a keeper answers: these records of this device are on my disk (spec 6).

Why not the broker's PUBACK: brokers acknowledge what their access list then drops. A receipt is sealed by the keeper's
own key (purpose ``cose.RECEIPT``), names the device's key, a range of numbers and the digest of the last record, which
through the chain fixes every record in the range.
"""

from tracewire import cbor
from tracewire.errors import Misuse, Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

VERSION = 1
GATEWAY = 1
"""Keeper level: stored in a gateway's outbox, on disk."""
CLOUD = 2
"""Keeper level: committed to the ledger."""
MAX_REFUSED = 64
"""Refusals in one receipt; more go into the next one, so that a receipt fits a device's buffer."""


class Receipt:
    """One range of one device's records that a keeper holds, and the ones it refused but keeps as evidence.

    ``seq_from`` to ``seq_to`` without a hole; ``head`` is the digest of record ``seq_to``. An empty range (``seq_to`` =
    ``seq_from`` - 1, ``head`` zeros) carries refusals only. ``refused`` is a sequence of (seq, digest, code): their
    bytes lie in the keeper's quarantine, so the device need not send them again. ``log`` is (size, root) of the cloud's
    log when it spoke: whoever holds the receipt can show that the log was once this one.
    """

    def __init__(
        self,
        keeper: int,
        kid: bytes,
        seq_from: int,
        seq_to: int,
        head: bytes,
        time_ms: int,
        refused: "Sequence[tuple[int, bytes, str]]" = (),
        log: "tuple[int, bytes] | None" = None,
    ) -> None:
        self.keeper = keeper
        self.kid = kid
        self.seq_from = seq_from
        self.seq_to = seq_to
        self.head = head
        self.time_ms = time_ms
        self.refused = tuple((seq, digest, code) for seq, digest, code in refused)
        self.log = log

    def encode(self) -> bytes:
        """Return the payload to seal; ``Misuse`` when a field is out of bounds."""
        entries = {
            1: VERSION,
            2: self.keeper,
            3: self.kid,
            4: self.seq_from,
            5: self.seq_to,
            6: self.head,
            7: self.time_ms,
        }
        if self.refused:
            entries[8] = [list(entry) for entry in self.refused]
        if self.log:
            entries[9], entries[10] = self.log
        if not _is_sound(entries):
            raise Misuse("receipt.field")
        return cbor.encode(entries)


def decode(payload: bytes) -> Receipt:
    """Return the receipt in an opened payload; ``Rejected("receipt.field")`` when it is not one."""
    entries = cbor.decode(payload)
    if not isinstance(entries, dict) or not _is_sound(entries):
        raise Rejected("receipt.field", "not a receipt")
    log = (entries[9], entries[10]) if 9 in entries else None
    return Receipt(entries[2], entries[3], entries[4], entries[5], entries[6], entries[7], entries.get(8, ()), log)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_bytes(value: object, length: int) -> bool:
    return isinstance(value, bytes) and len(value) == length


def _is_sound(entries: "dict[int, object]") -> bool:
    """Tell whether the map is a receipt: spec 6.2, field by field."""
    if entries.get(1) != VERSION or entries.get(2) not in (GATEWAY, CLOUD):
        return False
    if any(key not in entries for key in range(1, 8)) or any(key > 10 for key in entries):
        return False
    if not _is_bytes(entries[3], 8) or not _is_bytes(entries[6], 32):
        return False
    if not all(_is_number(entries[key]) for key in (4, 5, 7)):
        return False
    if entries[4] == 0 or entries[5] < entries[4] - 1:  # type: ignore[operator]  # both are numbers, line above
        return False
    has_log = 9 in entries or 10 in entries
    if has_log and not (entries[2] == CLOUD and _is_number(entries.get(9)) and _is_bytes(entries.get(10), 32)):
        return False
    return 8 not in entries or _are_refusals(entries[8])


def _are_refusals(refused: object) -> bool:
    if not isinstance(refused, list) or not 0 < len(refused) <= MAX_REFUSED:
        return False
    return all(
        isinstance(entry, list)
        and len(entry) == 3
        and _is_number(entry[0])
        and _is_bytes(entry[1], 32)
        and isinstance(entry[2], str)
        for entry in refused
    )
