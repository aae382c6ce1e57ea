"""Who holds which record: what to send next, what a receipt proves, what may be freed. No clock, socket or file.

Three numbers divide a device's history (spec 6): up to ``settled_to`` the cloud has it; up to ``kept_to`` a gateway has
it on disk; up to ``sent_to`` it was sent in this session. A PUBACK moves none of them. They only rise, except that
``sent_to`` falls back to ``kept_to`` after a reconnection or when a receipt is overdue: then all of it is sent again,
which costs the keepers nothing but a look (spec 5.3, repeat).

A simulator can drive it as it is: ``digest_of(seq)`` may look into a dict, time is whatever milliseconds are passed.
"""

from tracewire import receipt
from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

AHEAD = 64  # records sent and not yet kept: what is sent twice at most after a broken link
RECEIPT_OVERDUE_MS = 30000  # a gateway answers in milliseconds; a slow 2G link in seconds
SETTLEMENT_OVERDUE_MS = (
    3600000  # a gateway that lost its disk must not cost records: once an hour they are offered again
)
FORK = "chain.fork"  # as a keeper says it: spec 5.3
_REFUSALS_AHEAD = 64


class Custody:
    """The decisions of one device's publisher. ``settled_to`` starts where the journal begins."""

    def __init__(self, kid: bytes, settled_to: int, digest_of: "Callable[[int], bytes | None]") -> None:
        self._kid = kid
        self._digest_of = digest_of
        self.settled_to = self.kept_to = self.sent_to = settled_to
        self.refused = 0
        self._refusals: "dict[int, bytes]" = {}  # refused by the cloud, waiting for their turn
        self._awaited_since_ms = 0
        self._unsettled_since_ms = 0

    def reconnect(self, now_ms: int) -> None:
        """Begin a session: whatever no gateway has receipted goes out again."""
        self.sent_to = self.kept_to
        self._awaited_since_ms = now_ms

    def next_to_send(self, newest: int, now_ms: int) -> int:
        """Return the number of the record to send now, 0 for none; ``newest`` is the journal's newest."""
        if self.sent_to > self.kept_to and now_ms - self._awaited_since_ms >= RECEIPT_OVERDUE_MS:
            self.reconnect(now_ms)
        if self.kept_to > self.settled_to and now_ms - self._unsettled_since_ms >= SETTLEMENT_OVERDUE_MS:
            self._unsettled_since_ms = now_ms
            self.kept_to = self.settled_to
            self.reconnect(now_ms)
        if self.sent_to >= newest or self.sent_to - self.kept_to >= AHEAD:
            return 0
        return self.sent_to + 1

    def sent(self, seq: int, now_ms: int) -> None:
        """Note that ``seq`` went out (or cannot: an unreadable record is passed over)."""
        if self.sent_to == self.kept_to:
            self._awaited_since_ms = now_ms
        self.sent_to = max(self.sent_to, seq)

    def receive(self, level: int, statement: "receipt.Receipt", now_ms: int) -> "list[tuple[int, int, bytes]]":
        """Take a receipt whose seal was verified with the key of a keeper of this ``level``.

        Returns the ranges (seq from, seq to, head) that the cloud's receipt allows to release, in order. Raises
        ``Rejected`` with ``custody.level`` (a gateway cannot speak for the cloud), ``custody.kid``, ``custody.unknown``
        (we have no such record: the future, or long gone), ``custody.head`` or ``custody.gap``; nothing is freed then.
        """
        if statement.keeper != level:
            raise Rejected("custody.level", "keeper of level %d" % level)
        if statement.kid != self._kid:
            raise Rejected("custody.kid", "for another device")
        reached = self.settled_to if level == receipt.CLOUD else self.kept_to
        is_news = statement.seq_to > reached and statement.seq_to >= statement.seq_from
        if is_news:
            self._check(statement.seq_to, statement.head)
        if level == receipt.CLOUD:
            self._note_refusals(statement.refused)
            return self._settle(statement, is_news, now_ms)
        if is_news and not self._follows(statement.seq_from, reached):
            raise Rejected("custody.gap", "from %d, kept to %d" % (statement.seq_from, reached))
        if is_news:
            self._keep_to(statement.seq_to, now_ms)
        return []

    def is_set_back(self, level: int, statement: "receipt.Receipt", newest: int) -> bool:
        """Tell whether a receipt proves that our history was set back (docs/adr/0012); ``newest`` is the journal's.

        A keeper holds a record of ours that we have not sealed yet; or the cloud refuses one of ours, because it holds
        another under its number.
        """
        if statement.keeper != level or statement.kid != self._kid:
            return False
        if statement.seq_to > newest:
            return True
        forks = [(seq, digest) for seq, digest, code in statement.refused if code == FORK]
        return level == receipt.CLOUD and any([self._digest_of(seq) == digest for seq, digest in forks])

    def freed(self, seq_to: int) -> None:
        """Note that records were freed on a gateway's word, because the flash ran out: nothing more is awaited."""
        self.settled_to = max(self.settled_to, seq_to)

    def _settle(self, statement: "receipt.Receipt", is_news: bool, now_ms: int) -> "list[tuple[int, int, bytes]]":
        ranges = self._settle_refusals()
        if is_news and self._follows(statement.seq_from, self.settled_to):
            ranges.append((statement.seq_from, statement.seq_to, statement.head))
            self.settled_to = statement.seq_to
            ranges += self._settle_refusals()
        elif is_news and not ranges:
            raise Rejected("custody.gap", "from %d, settled to %d" % (statement.seq_from, self.settled_to))
        if ranges:
            self._unsettled_since_ms = now_ms
            self._keep_to(self.settled_to, now_ms)
        return ranges

    def _follows(self, seq_from: int, reached: int) -> bool:
        """Tell whether nothing that we still have lies between: a record that flash damage took is in nobody's way."""
        if seq_from > reached + AHEAD:
            return False
        return all(self._digest_of(seq) is None for seq in range(reached + 1, seq_from))

    def _keep_to(self, seq: int, now_ms: int) -> None:
        if seq <= self.kept_to:
            return
        if self.kept_to == self.settled_to:
            self._unsettled_since_ms = now_ms
        self.kept_to = seq
        self.sent_to = max(self.sent_to, seq)
        self._awaited_since_ms = now_ms

    def _note_refusals(self, refused: "tuple[tuple[int, bytes, str], ...]") -> None:
        for seq, digest, _ in refused:
            is_news = seq > self.settled_to and seq not in self._refusals and len(self._refusals) < _REFUSALS_AHEAD
            # A refused record that is not ours (a copy of our key sealed it) says nothing about our own.
            if is_news and self._digest_of(seq) == digest:
                self._refusals[seq] = digest

    def _settle_refusals(self) -> "list[tuple[int, int, bytes]]":
        """Pass over refused records that are next: the cloud's quarantine has their bytes (spec 6.2)."""
        ranges = []
        for seq in sorted(self._refusals):
            if seq <= self.settled_to + 1:
                digest = self._refusals.pop(seq)
                self.refused += 1
                if seq == self.settled_to + 1:
                    self.settled_to = seq
                    ranges.append((seq, seq, digest))
        return ranges

    def _check(self, seq: int, digest: bytes) -> None:
        own = self._digest_of(seq)
        if own is None:
            raise Rejected("custody.unknown", "no record %d here" % seq)
        if own != digest:
            raise Rejected("custody.head", "record %d has another digest" % seq)
