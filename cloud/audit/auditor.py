"""The flow of an audit: keys, heads, registry, replay, witnesses, forks. What is wrong is found, not raised.

Only what keeps an auditor from judging at all is raised: no network, no such file. Everything an operator could have
done is a finding, in words that say what and since when. It stays one in every later audit, unless it is of the kind
that can heal: a head that is old, witnesses that are away, records that are not served.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from tracewire import credential
from tracewire.errors import Misuse, Rejected
from tracewire.p256 import VerifyingKey

from cloud.audit import heads, replay, state
from cloud.audit.device import Hole
from cloud.audit.frontier import Frontier
from cloud.audit.heads import Milestone, WitnessedHead, moment
from cloud.audit.replay import Replay
from cloud.audit.source import Source
from cloud.audit.state import State
from cloud.ledger import checkpoint, log_keys
from cloud.ledger.checkpoint import Checkpoint, SignedHead
from cloud.ledger.note import VerifierKey
from cloud.ledger.policy import Policy
from cloud.registry import Roll

_SAVE_EVERY = 16_384
"""Records between two states on disk: what an audit that is cut off does again, a second or two."""

MAX_AGE_S = 3600


@dataclass(frozen=True, slots=True)
class Trust:
    """What the auditor brings along from somewhere else than the operator."""

    root: VerifyingKey | None = None
    """Without it no record's signature can be checked, only the tree."""
    keys: bytes = b""
    """``log.vkey``; without it the log's keys are those seen first."""
    policy: Policy = field(default_factory=Policy)
    max_age_s: int = MAX_AGE_S
    """A head that is older is an old one shown again, or nobody is there to sign a new one."""


@dataclass
class Outcome:
    """What an audit saw, beside the findings in its state."""

    head: SignedHead | None = None
    records: int = 0
    """Replayed in this run."""
    witnessed: WitnessedHead | None = None
    silent_witnesses: Sequence[str] = ()


class Auditor:
    """Audits one ledger; ``run`` may be called again and again."""

    def __init__(
        self, source: Source, memory: State, trust: Trust, now_ms: Callable[[], int], path: Path | None = None
    ) -> None:
        self._source = source
        self.state = memory
        self._trust = trust
        self._now_ms = now_ms
        self._path = path
        self._outcome = Outcome()
        root = trust.root.kid.hex() if trust.root else ""
        if memory.frontier.size > memory.first and memory.root != root:
            raise Misuse("audit.root", "what was audited before was checked under another --root, or under none")
        memory.root = root

    @property
    def holes(self) -> list[Hole]:
        """Return every range of records that is missing now."""
        return [hole for name in sorted(self.state.devices) for hole in self.state.devices[name].holes]

    def run(self, progress: Callable[[int, int], None]) -> Outcome:
        """Audit up to the newest head; ``progress`` hears how many records are done, of how many.

        Raises ``Unavailable("audit.unreachable")``; what was replayed until then is kept.
        """
        self._outcome = Outcome()
        self.state.renew()
        keys = self._keys()
        told = self._ask_witnesses(keys[0].name)
        data = self._source.newest_head()  # after the witnesses: it may be larger than what they saw, never smaller
        newest = self._open(data, keys)
        if newest is None or not self._follows(newest, keys):
            return self._end()
        roll, forks = self._registry(newest.checkpoint.size)
        best = self._best_witnessed([data, *told], newest, keys)
        if self._replay(newest, data, best, roll, progress):
            self.state.head, self.state.target = data, b""
        if roll is not None:
            self._judge_forks(forks, roll)
        return self._end()

    def _end(self) -> Outcome:
        if self._path is not None:
            state.save(self._path, self.state)
        return self._outcome

    def _find(self, code: str, words: str) -> None:
        self.state.find(code, words, self._now_ms())

    def _keys(self) -> tuple[VerifierKey, ...]:
        published = self._source.keys() if not (self._trust.keys or self.state.keys) else b""
        keys = log_keys.read_public(self._trust.keys or self.state.keys.encode() or published)
        self.state.keys = "".join(f"{key}\n" for key in keys)
        return keys

    def _open(self, data: bytes, keys: Sequence[VerifierKey]) -> SignedHead | None:
        try:
            head = checkpoint.open_signed(data, keys)
            if head.checkpoint.origin != keys[0].name:
                raise Rejected("checkpoint.origin", f"the head is of another log, {head.checkpoint.origin}")
        except Rejected as error:
            self._find("head.signature", f"the head shown does not hold: {error.detail}")
            return None
        self._outcome.head = head
        age_s = self._now_ms() // 1000 - head.time_s
        if head.time_s and age_s > self._trust.max_age_s:
            self._find("head.old", f"the newest head shown was signed {moment(head.time_s)}: no newer one is shown")
        return head

    def _follows(self, newest: SignedHead, keys: Sequence[VerifierKey]) -> bool:
        """Compare with the heads seen before; False when nothing further can be said of this history."""
        for data in (self.state.head, self.state.target):
            found = heads.contradiction(checkpoint.open_signed(data, keys), newest) if data else None
            if found:
                self._find(*found)
                return False
        return True

    def _registry(self, size: int) -> tuple[Roll | None, list[tuple[int, bytes]]]:
        if self._trust.root is None:
            return None, []
        try:
            bundle, forks = self._source.registry_and_forks(size)
            return Roll(credential.open_bundle(bundle, self._trust.root, self._now_ms()), bundle), forks
        except Rejected as error:
            self._find("registry.refused", f"no registry under this root: {error.code} {error.detail}")
            return None, []

    def _ask_witnesses(self, origin: str) -> list[bytes]:
        """Return heads with cosignatures, as the operator has them and as the witnesses say when asked themselves."""
        if not self._trust.policy.witnesses:
            return []
        told = self._source.witnessed_head()
        asked, self._outcome.silent_witnesses = heads.ask_witnesses(self._trust.policy, origin)
        return [*asked, told] if told else asked

    def _best_witnessed(
        self, notes: Sequence[bytes], newest: SignedHead, keys: Sequence[VerifierKey]
    ) -> WitnessedHead | None:
        """Return the largest head that enough witnesses vouch for, of those that may belong to this history."""
        policy = self._trust.policy
        if not policy.witnesses:
            return None
        found: list[WitnessedHead] = []
        for note in notes:
            try:
                found += heads.witnessed(note, keys, policy)
            except Rejected as error:
                self._find("witness.forged", f"a cosignature does not hold: {error.detail}")
        best = next((head for head in _merged(found) if head.until_s(policy) is not None), None)
        for head in found:
            # Without a time: a witness's says when it was asked, not when the log signed.
            problem = heads.contradiction(SignedHead(head.checkpoint, 0, ()), newest)
            if problem:
                self._find(problem[0], f"a witness was shown another history: {problem[1]}")
                return None
        if best is None:
            self._find("witness.quorum", "no head is cosigned by enough witnesses: nothing here is witnessed")
            return None
        self._outcome.witnessed = best
        until_s = best.until_s(policy) or 0
        if self._now_ms() // 1000 - until_s > self._trust.max_age_s:
            self._find("witness.old", f"not enough witnesses have cosigned since {moment(until_s)}")
        return best

    def _replay(
        self,
        newest: SignedHead,
        data: bytes,
        best: WitnessedHead | None,
        roll: Roll | None,
        progress: Callable[[int, int], None],
    ) -> bool:
        """Replay through every head there is to answer for; False, and back where it began, when one does not fit."""
        before = deepcopy(self.state)
        milestones = self._milestones(newest, best)
        self.state.target = data
        reader = Replay(self._source, roll, self.state, self._now_ms)
        unsaved = 0

        def advance(count: int) -> None:
            nonlocal unsaved
            unsaved += count
            progress(self.state.frontier.size, newest.checkpoint.size)
            if self._path is not None and unsaved >= _SAVE_EVERY:
                state.save(self._path, self.state)
                unsaved = 0

        try:
            holds = all(self._reach(milestone, reader, advance) for milestone in milestones)
        except Rejected as error:
            first, size = self.state.frontier.size, newest.checkpoint.size
            words = f"the signed head has {size} records, but from record {first + 1} on they are not served"
            self._find("record.withheld", f"{words}: {error.detail}")
            holds = False
        self._outcome.records = reader.records
        if not holds:
            self._go_back(before)
        return holds

    def _milestones(self, newest: SignedHead, best: WitnessedHead | None) -> list[Milestone]:
        keys = log_keys.read_public(self.state.keys.encode())
        found = [Milestone(newest.checkpoint, f"that the log signed {moment(newest.time_s)}")]
        if best is not None:
            found.append(Milestone(best.checkpoint, "that witnesses cosigned"))
        for data in (self.state.head, self.state.target):
            if data:
                seen = checkpoint.open_signed(data, keys)
                found.append(Milestone(seen.checkpoint, f"that the log signed {moment(seen.time_s)}"))
        return sorted(found, key=lambda milestone: milestone.checkpoint.size)

    def _reach(self, milestone: Milestone, reader: Replay, advance: Callable[[int], None]) -> bool:
        head, frontier = milestone.checkpoint, self.state.frontier
        if head.size < frontier.size:
            if heads.grew(self._source, head, frontier.size, frontier.root):
                return True
            words = f"the log no longer begins with the {head.size} records of the head {milestone.who}"
            self._find("log.rewritten", words)
            return False
        reader.to(head.size, advance)
        if frontier.root == head.root:
            return True
        self._find("log.tree", f"the first {head.size} records served are not those of the head {milestone.who}")
        self._locate(reader, head)
        return False

    def _locate(self, reader: Replay, head: Checkpoint) -> None:
        """Say as narrowly as the published hashes allow which records are not what was signed."""
        if self.state.head:
            old = checkpoint.open_note(self.state.head, log_keys.read_public(self.state.keys.encode()))
            if not heads.grew(self._source, old, head.size, head.root):
                words = f"the log no longer begins with the {old.size} records that were audited before"
                self._find("log.rewritten", words)
        leaves = replay.differing(self._source, reader.subtrees, head.size)
        if leaves is not None:
            self._find("log.tree", f"records {leaves.start + 1} to {leaves.stop} are not what the tree was made from")

    def _go_back(self, before: State) -> None:
        """Forget what does not fit; the next audit begins at the last head that was good."""
        is_good = not before.target
        self.state.frontier = before.frontier if is_good else Frontier()
        self.state.devices = before.devices if is_good else {}
        self.state.target = b""

    def _judge_forks(self, forks: Sequence[tuple[int, bytes]], roll: Roll) -> None:
        for received_ms, sealed in forks:
            record = replay.judge_fork(received_ms, sealed, roll)
            if record is not None:
                at = moment(received_ms / 1000)
                words = f"{record.device} sealed number {record.record.seq} twice; the second came {at}"
                self._find("device.fork", words)


def _merged(found: Sequence[WitnessedHead]) -> list[WitnessedHead]:
    """Put together what several notes say of one head; largest head first."""
    by_head: dict[Checkpoint, dict[VerifierKey, int]] = {}
    for head in found:
        times = by_head.setdefault(head.checkpoint, {})
        for key, time_s in head.times.items():
            times[key] = max(time_s, times.get(key, 0))
    merged = [WitnessedHead(head, times) for head, times in by_head.items()]
    return sorted(merged, key=lambda head: head.checkpoint.size, reverse=True)
