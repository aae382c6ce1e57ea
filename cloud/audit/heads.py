"""Which heads of the log there are to answer for: the newest, those that witnesses cosigned, and those seen before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from tracewire.errors import Rejected

from cloud.audit.source import Source
from cloud.ledger import checkpoint, merkle
from cloud.ledger.checkpoint import Checkpoint, SignedHead
from cloud.ledger.note import LARGEST_NOTE_BYTES, VerifierKey
from cloud.ledger.policy import Policy

_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Milestone:
    """A head that the replay has to pass through, and who vouches for it."""

    checkpoint: Checkpoint
    who: str


@dataclass(frozen=True, slots=True)
class WitnessedHead:
    """A head that witnesses cosigned, and when each of them did last."""

    checkpoint: Checkpoint
    times: dict[VerifierKey, int]

    def until_s(self, policy: Policy) -> int | None:
        """Return until when enough of the witnesses vouch for it."""
        return policy.met_until(self.times)


def moment(time_s: float) -> str:
    """Return a Unix time as a person reads it."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def witnessed(data: bytes, keys: Sequence[VerifierKey], policy: Policy) -> list[WitnessedHead]:
    """Return the head of a note if a known witness cosigned it, and nothing otherwise.

    Raises ``Rejected("checkpoint.signature")`` when a line in the name of a known witness does not hold.
    """
    head = checkpoint.open_signed(data, keys)
    times = checkpoint.cosigned(head.checkpoint, head.signatures, policy.keys)
    return [WitnessedHead(head.checkpoint, times)] if times else []


def ask_witnesses(policy: Policy, origin: str) -> tuple[list[bytes], list[str]]:
    """Return what witnesses with an address answer when asked for their newest head, and the names that do not answer.

    Why ask them and not only the operator: an operator who shows an old head shows its old cosignatures with it.
    """
    notes, silent = [], []
    for witness in policy.witnesses:
        if witness.url:
            try:
                answer = httpx.get(f"{witness.url.rstrip('/')}/checkpoint/{origin}", timeout=_TIMEOUT_S)
                answer.raise_for_status()
            except httpx.HTTPError:
                silent.append(witness.name)
                continue
            notes.append(answer.content[: LARGEST_NOTE_BYTES + 1])
    return notes, silent


def contradiction(seen: SignedHead, now: SignedHead) -> tuple[str, str] | None:
    """Return code and words when a head cannot follow one that was seen before, ``None`` when sizes and roots allow it.

    Whether a larger tree really begins with the smaller one takes a replay or a proof.
    """
    old, new = seen.checkpoint, now.checkpoint
    at = f"signed {moment(seen.time_s)}" if seen.time_s else "seen before"
    if new.size == old.size and new.root != old.root:
        return "log.split", f"another root for the same {new.size} records than in the head {at}"
    if new.size < old.size and now.time_s < seen.time_s:
        return "log.replayed", f"an old head of {new.size} records is shown again; one of {old.size} was {at}"
    if new.size < old.size:
        return "log.shrunk", f"the log shows {new.size} records; the head {at} had {old.size}"
    return None


def grew(source: Source, old: Checkpoint, size: int, root: bytes) -> bool:
    """Tell whether the operator can prove that the tree of ``size`` under ``root`` begins with an old head."""
    try:
        merkle.check_consistency(old.size, size, source.consistency(old.size, size), old.root, root)
    except Rejected:
        return False
    return True
