"""The log's side of witnessing: submits each new head to every witness of its policy and keeps what they answer.

Without a file ``witnesses.policy`` (c2sp.org/tlog-policy, with the witnesses' addresses) there is nobody to ask and
nothing runs. One thread per witness: a slow one holds back no other, and none holds back the ledger. A cosignature that
is lost in a crash is made again; nothing here is evidence but what the witness keeps.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
)
from tracewire.errors import Misuse, Rejected, TracewireError, Unavailable

from cloud.db.engine import Store
from cloud.ledger import checkpoint, note, policy, submission
from cloud.ledger.checkpoint import Checkpoint
from cloud.ledger.head import Head
from cloud.ledger.note import Signature
from cloud.ledger.policy import Policy, Witness
from cloud.ledger.tree import Log

log = structlog.get_logger()

POLICY_FILE = "witnesses.policy"

TABLES = MetaData()

cosignatures = Table(
    "cosignatures",
    TABLES,
    Column("size", BigInteger, primary_key=True, autoincrement=False),  # of the head that was cosigned
    Column("witness", String, primary_key=True),  # name in the signature line
    Column("key_id", LargeBinary, primary_key=True),
    Column("root", LargeBinary, nullable=False),
    Column("time_s", BigInteger, nullable=False),  # when, by the witness's clock
    Column("value", LargeBinary, nullable=False),  # the signature, with the time in it
)

_LOOK_EVERY_S = 1.0
_REPEAT_AFTER_S = 60.0
"""A head that did not change is submitted again after this, so that "witnessed until" moves on in a quiet night."""

_TIMEOUT_S = 10.0
_LARGEST_ANSWER_BYTES = 64 * 1024
_SIZES_LOOKED_AT = 64


def read_policy(directory: Path) -> Policy:
    """Return the policy of a cloud's directory, an empty one without a file; ``Misuse("policy.file")``."""
    path = directory / POLICY_FILE
    if not path.exists():
        return Policy()
    try:
        return policy.parse(path.read_bytes())
    except Rejected as error:
        raise Misuse("policy.file", f"{path.name}: {error.detail}") from error


class Cosignatures:
    """What the witnesses of a policy have said of this log's heads."""

    def __init__(self, store: Store, head: Head, witnesses: Policy) -> None:
        self._store = store
        self._head = head
        self.policy = witnesses

    def keep(self, head: Checkpoint, lines: bytes, witness: Witness) -> int:
        """Keep the lines that hold of those a witness answered with and return its time; on disk when this returns.

        Raises ``Rejected("note.…")`` or ``Rejected("checkpoint.signature")`` when there is none or one is made up.
        """
        found = note.parse(head.text.encode() + b"\n" + lines).signatures
        times = checkpoint.cosigned(head, found, [witness.key])
        if witness.key not in times:
            raise Rejected("checkpoint.signature", f"no cosignature of {witness.key.name}")
        rows = [
            {
                "size": head.size,
                "witness": line.name,
                "key_id": line.key_id,
                "root": head.root,
                "time_s": times[witness.key],
                "value": line.value,
            }
            for line in found
            if (line.name, line.key_id) == (witness.key.name, witness.key.key_id)
        ]
        table = cosignatures.c
        mine = (table.witness == witness.key.name) & (table.key_id == witness.key.key_id)
        with self._store.alone() as connection:
            connection.execute(delete(cosignatures).where(mine, table.size == head.size))
            connection.execute(insert(cosignatures), rows[:1])
        return times[witness.key]

    def of(self, connection: Connection, head: Checkpoint) -> tuple[Signature, ...]:
        """Return what witnesses said of one head."""
        table = cosignatures.c
        chosen = select(table.witness, table.key_id, table.value).where(
            table.size == head.size, table.root == head.root
        )
        rows = connection.execute(chosen.order_by(table.witness, table.key_id))
        return tuple(Signature(row.witness, row.key_id, row.value) for row in rows)

    def sealed_newest(self) -> bytes:
        """Return the newest head as a signed note with what witnesses said of it."""
        newest = self._head.newest()
        with self._store.reader.connect() as connection:
            return self._head.seal(newest, self.of(connection, newest))

    def sealed_witnessed(self) -> bytes:
        """Return the newest head that enough witnesses cosigned; ``Rejected("log.unwitnessed")`` if there is none."""
        found = self.witnessed()
        if found is None:
            raise Rejected("log.unwitnessed", "no head has been cosigned by enough witnesses")
        with self._store.reader.connect() as connection:
            return self._head.seal_earlier(found[0], self.of(connection, found[0]))

    def witnessed(self) -> tuple[Checkpoint, int] | None:
        """Return the newest head that enough witnesses cosigned, and until when; ``None`` before there is one."""
        table = cosignatures.c
        with self._store.reader.connect() as connection:
            tree = Log(connection)
            known = select(table.size).where(table.size <= tree.size()).distinct()
            sizes = connection.execute(known.order_by(table.size.desc()).limit(_SIZES_LOOKED_AT)).scalars()
            for size in list(sizes):
                head = Checkpoint(self._head.origin, size, tree.root(size))
                try:
                    times = checkpoint.cosigned(head, self.of(connection, head), self.policy.keys)
                except Rejected as error:  # whoever keeps lines verifies them: the database was damaged or altered
                    log.error("cosignature.damaged", size=size, detail=error.detail)
                    continue
                until_s = self.policy.met_until(times)
                if until_s is not None:
                    return head, until_s
        return None

    def reach(self) -> tuple[int, int]:
        """Return how many records enough witnesses vouch for, and until when: Unix milliseconds; zeros for none."""
        found = self.witnessed()
        return (found[0].size, found[1] * 1000) if found else (0, 0)

    def last_size(self, witness: Witness) -> int:
        """Return the size of the newest head that a witness cosigned, 0 for none."""
        table = cosignatures.c
        mine = (table.witness == witness.key.name) & (table.key_id == witness.key.key_id)
        with self._store.reader.connect() as connection:
            return connection.execute(select(func.max(table.size)).where(mine)).scalar_one() or 0


class Submitter:
    """Asks one witness, over and over, whenever the log has grown."""

    def __init__(self, store: Store, head: Head, kept: Cosignatures, witness: Witness) -> None:
        self._store = store
        self._head = head
        self._kept = kept
        self._witness = witness
        self._old_size = kept.last_size(witness)
        self._submitted = (-1, 0.0)
        self.problem = ""
        """Why the witness does not cosign, empty while it does."""

    @property
    def name(self) -> str:
        """Return the witness's name in the policy."""
        return self._witness.name

    def submit(self) -> None:
        """Have the newest head cosigned if that is due; ``problem`` says how it went."""
        newest = self._head.newest()
        size, at = self._submitted
        if not newest.size or (newest.size == size and time.monotonic() - at < _REPEAT_AFTER_S):
            return
        try:
            self._ask(newest, may_correct=True)
        except TracewireError as error:
            if error.detail != self.problem:
                log.error("witness.no_cosignature", witness=self.name, code=error.code, detail=error.detail)
            self.problem = error.detail
        else:
            self._submitted, self.problem = (newest.size, time.monotonic()), ""

    def _ask(self, newest: Checkpoint, may_correct: bool) -> None:
        with self._store.reader.connect() as connection:
            proof = Log(connection).consistency(min(self._old_size, newest.size), newest.size)
        body = submission.encode(min(self._old_size, newest.size), proof, self._head.seal(newest))
        try:
            answer = httpx.post(f"{self._witness.url.rstrip('/')}/add-checkpoint", content=body, timeout=_TIMEOUT_S)
        except httpx.HTTPError as error:
            raise Unavailable("witness.unreachable", f"cannot be reached: {error}") from error
        if len(answer.content) > _LARGEST_ANSWER_BYTES:
            raise Rejected("witness.answer", "an answer without end")
        if answer.status_code == 409:
            self._correct(newest, answer.text, may_correct)
        elif answer.status_code != 200:
            raise Rejected("witness.refused", f"refuses the head of {newest.size} records: HTTP {answer.status_code}")
        else:
            self._kept.keep(newest, answer.content, self._witness)
            self._old_size = newest.size

    def _correct(self, newest: Checkpoint, said: str, may_correct: bool) -> None:
        """Begin at the size that the witness says it has, once; a larger one than ours means that we lost records."""
        size = int(said) if said.strip().isascii() and said.strip().isdigit() and len(said) < 20 else -1
        if size > newest.size:
            raise Rejected("witness.ahead", f"has cosigned {size} records, and this log has only {newest.size}")
        if not may_correct or size < 0 or size == self._old_size:
            raise Rejected("witness.conflict", f"has cosigned another head of {size} records than this log has")
        self._old_size = size
        self._ask(newest, may_correct=False)


class Submitters:
    """The threads behind the submitters."""

    def __init__(self, submitters: list[Submitter]) -> None:
        self.all = submitters
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(each,), name=f"witness {each.name}", daemon=True)
            for each in submitters
        ]

    def start(self) -> None:
        """Begin to submit."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; a request under way is waited for. Harmless when nothing ever began."""
        self._stop.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _run(self, submitter: Submitter) -> None:
        while not self._stop.is_set():
            submitter.submit()
            self._stop.wait(_LOOK_EVERY_S)


def create(store: Store, head: Head, kept: Cosignatures) -> Submitters:
    """Return a submitter for each witness whose address the policy gives."""
    return Submitters([Submitter(store, head, kept, each) for each in kept.policy.witnesses if each.url])


def status(head: Head, kept: Cosignatures, submitters: Submitters, now_ms: Callable[[], int]) -> dict[str, object]:
    """Return how far the log is witnessed, for a person and for a supervisor."""
    newest, (vouched, until_ms) = head.newest(), kept.reach()
    return {
        "origin": head.origin,
        "size": newest.size,
        "quorum": kept.policy.quorum,
        "witnessed_size": vouched,
        "witnessed_until_ms": until_ms,
        "now_ms": now_ms(),
        "witnesses": [{"name": each.name, "problem": each.problem} for each in submitters.all],
    }
