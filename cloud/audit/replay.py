"""Reading the ledger again from its first record: every signature, every chain, every total, and the tree over all.

The checks of a record are those of ingest (``cloud.ingest.verify``), made again by somebody else. Bundles of 256
records are fetched and verified ahead on as many threads as there are processors; chains and the tree take them in
order.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from tracewire import chain
from tracewire.errors import Rejected

from cloud.audit.frontier import width_of
from cloud.audit.source import Source
from cloud.audit.state import State
from cloud.ingest.verify import Arrival, Envelope, Refused, Verified, check_records
from cloud.ledger import merkle
from cloud.ledger.history import Link
from cloud.ledger.merkle import Node
from cloud.ledger.tiles import TILE_LEVELS, TILE_WIDTH
from cloud.registry import Roll

_AHEAD = 2
"""Bundles fetched ahead for each thread: 256 records of at most 4 kB each."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Records side by side, judged on their own; their neighbours are not looked at yet."""

    first: int
    hashes: list[bytes]
    judged: list[Verified | Refused]


class Replay:
    """Takes an audit's state further, record by record."""

    def __init__(self, source: Source, roll: Roll | None, state: State, now_ms: Callable[[], int]) -> None:
        self._source = source
        self._roll = roll
        self._state = state
        self._now_ms = now_ms
        self.records = 0
        """Records replayed in this run."""
        self.subtrees: dict[int, bytes] = {}
        """Hash of each full bundle of this run by its number: where to look when the whole does not add up."""

    def to(self, size: int, progress: Callable[[int], None]) -> None:
        """Replay up to a size that a signed head promises; ``Rejected("audit.…")`` when a record is withheld."""
        for bundle in self._bundles(size):
            appeared = self._state.frontier.extend(bundle.hashes)
            number = bundle.first // TILE_WIDTH
            whole = appeared.get(Node(TILE_LEVELS, number))
            if whole is not None:
                self.subtrees[number] = whole
            for record in bundle.judged:
                self._take(record)
            self.records += len(bundle.hashes)
            progress(len(bundle.hashes))

    def _bundles(self, size: int) -> Iterator[Bundle]:
        numbers = iter(range(self._state.frontier.size // TILE_WIDTH, -(-size // TILE_WIDTH)))
        start, threads = self._state.frontier.size, os.cpu_count() or 1
        with ThreadPoolExecutor(threads) as pool:
            waiting: deque[Future[Bundle]] = deque()
            try:
                for number in numbers:
                    waiting.append(pool.submit(self._fetch, number, size, start))
                    if len(waiting) > threads * _AHEAD:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _fetch(self, number: int, size: int, start: int) -> Bundle:
        entries = self._source.entries(number, width_of(size, 0, number))
        first = max(start, number * TILE_WIDTH)
        entries = entries[first - number * TILE_WIDTH :]
        hashes = [merkle.leaf_hash(entry) for entry in entries]
        if self._roll is None:
            return Bundle(first, hashes, [])
        arrivals = [Arrival(first + place, 0, entry, chain.digest(entry), "") for place, entry in enumerate(entries)]
        return Bundle(first, hashes, check_records(Envelope(b"", arrivals), self._roll))

    def _take(self, record: Verified | Refused) -> None:
        index = record.arrival.position
        if isinstance(record, Refused):
            name = record.device or "an unknown device"
            words = f"leaf {index}, {name}: {record.reason.code} {record.reason.detail}".rstrip()
            self._state.find("record.refused", words, self._now_ms())
            return
        for problem in self._state.device(record.device).take(_link(record), index):
            self._state.find("record.chain", f"leaf {index}, {record.device}: {problem}", self._now_ms())


def _link(record: Verified) -> Link:
    statement = record.record
    return Link(
        seq=statement.seq,
        digest=record.arrival.digest,
        prev=statement.prev,
        time_ms=statement.time_ms,
        totals=statement.totals,
        added=record.added,
    )


def judge_fork(received_ms: int, sealed: bytes, roll: Roll) -> Verified | None:
    """Return a record that is kept beside the ledger if its own checks hold: a device's key sealed two histories."""
    arrival = Arrival(0, received_ms, sealed, chain.digest(sealed), "")
    (judged,) = check_records(Envelope(b"", [arrival]), roll)
    return judged if isinstance(judged, Verified) else None


def differing(source: Source, subtrees: dict[int, bytes], size: int) -> range | None:
    """Return the leaves of the first full bundle that is not the one the tree was made from, ``None`` if all are."""
    for number, own in sorted(subtrees.items()):
        row, place = divmod(number, TILE_WIDTH)
        try:
            published = source.tile(1, row, width_of(size, 1, row))
        except Rejected:
            return None
        if published[place] != own:
            return range(number * TILE_WIDTH, (number + 1) * TILE_WIDTH)
    return None
