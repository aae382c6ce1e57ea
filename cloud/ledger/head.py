"""The newest head of the log: made when asked, signed, and never made twice for one size.

Why not stored: the ledger is its only source, so a crash can take no signed head back. Why the checkpoint is kept per
size: a root costs up to 64 look-ups and a busy log is asked for its head far more often than it grows.
"""

from collections.abc import Callable

from cloud.db.engine import Store
from cloud.ledger import checkpoint
from cloud.ledger.checkpoint import Checkpoint
from cloud.ledger.log_keys import LogKeys
from cloud.ledger.note import Signature
from cloud.ledger.tree import Log


class Head:
    """Reads and signs heads; safe to call from several threads."""

    def __init__(self, store: Store, keys: LogKeys, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._keys = keys
        self._now_ms = now_ms
        self._newest = Checkpoint("", -1, b"")

    @property
    def origin(self) -> str:
        """Return the name of the log."""
        return self._keys.origin

    def newest(self) -> Checkpoint:
        """Return the head of what is committed now."""
        with self._store.reader.connect() as connection:
            log = Log(connection)
            size = log.size()
            if size != self._newest.size:
                self._newest = Checkpoint(self._keys.origin, size, log.root(size))
        return self._newest

    def seal(self, head: Checkpoint, cosignatures: tuple[Signature, ...] = ()) -> bytes:
        """Return the newest head as a signed note, with what witnesses said of it."""
        return checkpoint.seal(head, self._keys.signers, self._now_ms() // 1000, cosignatures)

    def seal_earlier(self, head: Checkpoint, cosignatures: tuple[Signature, ...]) -> bytes:
        """Return a head that need not be the newest any more: without a time, because a time would say that it is."""
        return checkpoint.seal(head, self._keys.signers, 0, cosignatures)
