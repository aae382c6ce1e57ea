"""The flow of the cloud: an envelope comes in, every record is judged, kept and answered for.

Why one transaction per envelope: the gateway deletes under one answer, so what the answer says must be on disk as a
whole. Why the answer is sealed after the commit and from what the ledger holds: a retry after a crash takes the same
path, finds its records already there, and gets the same answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tracewire import cbor, cose
from tracewire.p256 import SigningKey
from tracewire.receipt import CLOUD, MAX_REFUSED, Receipt

from cloud.db.engine import Store
from cloud.ingest import quarantine, verify
from cloud.ingest.body import unfold
from cloud.ingest.verify import Envelope, Refused, Verified
from cloud.ledger import log
from cloud.ledger.log import Appended, ClockLimits
from cloud.registry import RegistryFile

_VERSION = 1
_NO_HEAD = bytes(32)


@dataclass(frozen=True)
class Taken:
    """What became of one envelope: the sealed answer, and counts for whoever watches."""

    answer: bytes
    received: int
    new: int
    repeated: int
    refused: tuple[str, ...]
    """Code of each record that was refused and kept."""


class Ingest:
    """Takes envelopes; callable from several threads and processes, which verify side by side and commit in turn."""

    def __init__(
        self,
        store: Store,
        registry: RegistryFile,
        key: SigningKey,
        *,
        limits: ClockLimits,
        max_envelope_bytes: int,
        now_ms: Callable[[], int],
        on_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._registry = registry
        self._key = key
        self._limits = limits
        self._max_envelope_bytes = max_envelope_bytes
        self._now_ms = now_ms
        self._on_commit = on_commit

    def take(self, body: bytes, encoding: str) -> Taken:
        """Return what became of a posted body: when this returns, every record in it is on disk."""
        return self.receive(unfold(body, encoding, self._max_envelope_bytes))

    def receive(self, body: bytes) -> Taken:
        """Return what became of a sealed envelope: when this returns, every record in it is on disk.

        Raises ``Rejected`` when the envelope itself does not hold (nothing was kept) and ``Unavailable`` when the
        registry or the disk is (nothing was acknowledged).
        """
        roll = self._registry.current()
        envelope = verify.open_envelope(body, roll, self._max_envelope_bytes)
        judged = verify.check_records(envelope, roll)  # 8 verify
        good = [record for record in judged if isinstance(record, Verified)]
        bad = [record for record in judged if isinstance(record, Refused)]
        with self._store.alone() as connection:
            now_ms = self._now_ms()
            outcome = log.append(connection, good, self._limits, now_ms)  # 9 ledger
            bad += [quarantine.as_refused(record, reason) for record, reason in outcome.refused]
            quarantine.keep(connection, bad, now_ms)
            # A crash before this block ends: nothing of the envelope is on disk, nothing was answered, the gateway
            # still holds all of it and sends it again.
        # A crash here: all of it is on disk and the gateway does not know. It sends the envelope again; every record
        # is then a repeat, and the answer is the one below.
        self._on_commit()
        answer = self._answer(envelope, self._receipts(good, bad, outcome, now_ms), bad)
        refused = tuple(record.reason.code for record in bad)
        return Taken(answer, len(judged), outcome.new, outcome.repeated, refused)

    def _answer(self, envelope: Envelope, receipts: list[bytes], bad: Sequence[Refused]) -> bytes:
        refusals = [
            [record.arrival.position, record.reason.code, record.reason.detail]
            for record in sorted(bad, key=lambda record: record.arrival.position)
        ]
        payload = cbor.encode({1: _VERSION, 2: envelope.digest, 3: receipts, 4: refusals})
        return cose.seal(payload, cose.ANSWER, self._key)

    def _receipts(
        self,
        good: Sequence[Verified],
        bad: Sequence[Refused],
        outcome: Appended,
        now_ms: int,
    ) -> list[bytes]:
        """Seal one receipt per device touched: what is held, what was refused, and the head of the log (spec 6.5).

        A device whose records lie on both sides of a hole gets one receipt per side, one with very many refusals gets
        the rest in receipts of their own.
        """
        kids = {record.device: record.kid for record in bad if record.device and record.kid}
        kids |= {record.device: record.kid for record in good}
        refused: dict[str, list[tuple[int, bytes, str]]] = {}
        for record in bad:
            if record.device is not None and record.seq is not None:
                refused.setdefault(record.device, []).append((record.seq, record.arrival.digest, record.reason.code))
        sealed = []
        for device, kid in kids.items():
            ranges = [(run.first, run.last, run.head) for run in outcome.runs.get(device, ())]
            for first, last, digest, refusals in _fitted(ranges, refused.get(device, [])):
                receipt = Receipt(CLOUD, kid, first, last, digest, now_ms, refusals, outcome.head)
                sealed.append(cose.seal(receipt.encode(), cose.RECEIPT, self._key))
        return sealed


def _fitted(
    ranges: list[tuple[int, int, bytes]], refused: list[tuple[int, bytes, str]]
) -> list[tuple[int, int, bytes, list[tuple[int, bytes, str]]]]:
    """Pair ranges with refusals, at most 64 to a receipt (spec 6.1); an empty range carries refusals only."""
    portions = [refused[start : start + MAX_REFUSED] for start in range(0, len(refused), MAX_REFUSED)]
    empty = (1, 0, _NO_HEAD)
    rows = max(len(ranges), len(portions))
    ranges = [empty] * (rows - len(ranges)) + ranges
    portions = [[]] * (rows - len(portions)) + portions
    return [(*held, portion) for held, portion in zip(ranges, portions, strict=True)]
