"""A witness: cosigns each head of a log that grew out of the last one it cosigned, and keeps evidence when one did not.

Run it on a machine that is not the operator's. It need not understand a record: it holds the log to one history. What
it has cosigned is on disk before its cosignature leaves, so neither a crash nor a restart makes it sign a second one.

A head that contradicts an earlier one is evidence, because the log's own signature is on both: another root for the
same size, a proof that does not hold, or a smaller tree signed later (the ML-DSA-44 signature has the time). It is kept
in ``evidence/``, and the log is told no.
"""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog
from tracewire.errors import Misuse, Rejected

from cloud.ledger import checkpoint, log_keys, merkle, note, submission
from cloud.ledger.checkpoint import SignedHead
from cloud.ledger.log_keys import LogKeys
from cloud.ledger.note import VerifierKey
from cloud.ledger.submission import Submission

log = structlog.get_logger()

HEAD_FILE = "head.note"
URL_FILE = "url"
_MOST_EVIDENCE = 1000
"""A log that contradicts itself a thousand times is convicted; more would only fill the disk."""


_CLOCK_SLACK_S = 5
"""A busy log may sign two heads out of order; a smaller tree counts as evidence when it was signed this much later."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """The witness holds another head than the log thinks: its size, for the log to prove growth from (HTTP 409)."""

    size: int


class FollowedLog:
    """One log as a witness knows it: its keys, where it is, and the newest head cosigned."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.keys: tuple[VerifierKey, ...] = log_keys.read_public((directory / log_keys.PUBLIC_FILE).read_bytes())
        self.origin = self.keys[0].name
        url = directory / URL_FILE
        self.url = url.read_text(encoding="utf-8").strip() if url.exists() else ""
        head = directory / HEAD_FILE
        self.note = head.read_bytes() if head.exists() else b""
        self.head: SignedHead | None = checkpoint.open_signed(self.note, self.keys) if self.note else None

    @property
    def size(self) -> int:
        """Return how many leaves the newest cosigned head has."""
        return self.head.checkpoint.size if self.head else 0

    def keep(self, sealed_note: bytes, head: SignedHead) -> None:
        """Make this the newest head; on disk when this returns."""
        log_keys.write_new(self.directory / HEAD_FILE, sealed_note, mode=0o644)
        self.note, self.head = sealed_note, head


def follow(directory: Path, vkeys: bytes, url: str = "") -> str:
    """Let the witness in ``directory`` follow a log from now on and return the log's name.

    Raises ``Rejected("note.key")`` for keys that are none, ``Misuse("witness.follows")`` for a log it follows already.
    """
    origin = log_keys.read_public(vkeys)[0].name
    place = directory / "logs" / hashlib.sha256(origin.encode()).hexdigest()[:16]
    if place.exists():
        raise Misuse("witness.follows", origin)
    place.mkdir(parents=True)
    log_keys.write_new(place / log_keys.PUBLIC_FILE, vkeys, mode=0o644)
    if url:
        log_keys.write_new(place / URL_FILE, f"{url.rstrip('/')}\n".encode(), mode=0o644)
    return origin


class Witness:
    """Judges submissions; safe to call from several threads, which take turns."""

    def __init__(self, directory: Path, keys: LogKeys, now_ms: Callable[[], int]) -> None:
        self._keys = keys
        self._now_ms = now_ms
        self._one_at_a_time = threading.Lock()
        self._evidence = directory / "evidence"
        self._evidence.mkdir(exist_ok=True)
        places = sorted((directory / "logs").glob("*/" + log_keys.PUBLIC_FILE))
        self.logs = {each.origin: each for each in (FollowedLog(place.parent) for place in places)}

    @property
    def evidence(self) -> list[str]:
        """Return the names of the files that convict a log, oldest first."""
        return sorted(path.name for path in self._evidence.glob("*.txt"))

    def add(self, data: bytes) -> bytes | Conflict:
        """Return cosignature lines for a submitted head, which is on disk then, or how far the witness has seen.

        Raises ``Rejected("submission.…")``, ``"witness.unknown"`` for a log it does not follow,
        ``"witness.signature"``, and ``"witness.proof"`` for a head that did not grow out of the last.
        """
        asked = submission.parse(data)
        followed = self.logs.get(checkpoint.parse(note.parse(asked.note).text).origin)
        if followed is None:
            raise Rejected("witness.unknown", "this witness does not follow the log")
        try:
            head = checkpoint.open_signed(asked.note, followed.keys)
        except Rejected as error:
            raise Rejected("witness.signature", error.detail) from error
        if asked.old_size > head.checkpoint.size:
            raise Rejected("submission.old", "the old size is larger than the new one")
        with self._one_at_a_time:
            if not self._has_grown(followed, asked, head):
                return Conflict(followed.size)
            followed.keep(asked.note, head)
            # A crash here: the head is kept and not cosigned; the log asks again and gets it.
        return note.encode_lines(self._cosign(head))

    def newest(self, origin: str) -> bytes:
        """Return the newest head cosigned of a log, with fresh signatures; ``Rejected("witness.unknown")`` if none."""
        followed = self.logs.get(origin)
        if followed is None or followed.head is None:
            raise Rejected("witness.unknown", "this witness has cosigned no head of the log")
        return followed.note + note.encode_lines(self._cosign(followed.head))

    def _cosign(self, head: SignedHead) -> list[note.Signature]:
        time_s = self._now_ms() // 1000
        return [signer.sign(head.checkpoint, time_s) for signer in self._keys.signers]

    def _has_grown(self, followed: FollowedLog, asked: Submission, head: SignedHead) -> bool:
        """Tell whether the head is the last one or grew out of it; False when the log must begin at another size."""
        last, new = followed.head, head.checkpoint
        if last is not None and new.size < last.checkpoint.size:
            if head.time_s > last.time_s + _CLOCK_SLACK_S:
                self._convict("shrunk", "a smaller tree, signed later than a larger one", followed, asked)
            return False
        if last is not None and new.size == last.checkpoint.size and new.root != last.checkpoint.root:
            self._convict("split", "two roots for one size", followed, asked)
            return False
        if asked.old_size != followed.size:
            return False
        old_root = last.checkpoint.root if last else merkle.EMPTY_ROOT
        try:
            merkle.check_consistency(asked.old_size, new.size, asked.proof, old_root, new.root)
        except Rejected as error:
            self._convict("split", f"no proof of growth: {error.detail}", followed, asked)
            raise Rejected("witness.proof", error.detail) from error
        return True

    def _convict(self, kind: str, words: str, followed: FollowedLog, asked: Submission) -> None:
        """Keep both heads, each under the log's own signature, once per head."""
        digest = hashlib.sha256(note.parse(asked.note).text.encode()).hexdigest()[:16]
        if any(digest in name for name in self.evidence) or len(self.evidence) >= _MOST_EVIDENCE:
            return
        proof = submission.encode(asked.old_size, asked.proof, b"")
        text = (
            f"{kind}: {words}\n\n--- seen before\n".encode() + followed.note + b"\n--- submitted\n" + proof + asked.note
        )
        log_keys.write_new(self._evidence / f"{self._now_ms()}-{kind}-{digest}.txt", text, mode=0o644)
        log.error("witness.evidence", log=followed.origin, kind=kind, words=words)
