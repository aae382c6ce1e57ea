"""The console's own program: seals what people confirmed at the pages, and brings it to the ledger.

It alone reads the console's key (ADR 0016). What it seals it looks at once more: the account is still there, its role
may decide this, and what it decides about is in its market or region. Every step is on disk before the next, and may
be repeated: a decision that was cut off between the seal and the note of it is found by its commitment.
"""

import signal
import threading
from collections.abc import Callable
from pathlib import Path

import structlog
from tracewire import record
from tracewire.errors import Rejected, TracewireError, Unavailable

from cloud.accounts import asked
from cloud.accounts import store as accounts
from cloud.accounts.account import Account
from cloud.accounts.asked import ASKED, ASSET, DELIVERED, LABELLING, REFUSED, RULE, SEALED, TICKET, Asked
from cloud.console import rights
from cloud.console.reach import Reach
from cloud.db.engine import Store
from cloud.recall.console import Console, Decision
from cloud.registry import Roll

log = structlog.get_logger()

_STATEMENTS = {ASSET: record.ASSET, TICKET: record.TICKET, LABELLING: record.LABELLING}
"""Kinds of record of what is said about devices and labels; every other word is a decision."""

_AT_ONCE = 50
_LOOK_SECONDS = 0.5
_RETRY_SECONDS = 5.0


class Sealer:
    """Takes decisions from ``store`` to the history in ``directory``, and to the cloud at ``url``.

    ``graph`` holds the projections.
    """

    def __init__(self, store: Store, graph: Store, directory: Path, url: str) -> None:
        self._store = store
        self._reach = Reach(graph)
        self._directory = directory
        self._url = url

    def turn(self) -> None:
        """Seal and deliver what waits; ``Unavailable`` when the key is in use or the cloud does not answer."""
        with self._store.reader.connect() as connection:
            wanted = asked.waiting(connection, ASKED, _AT_ONCE)
            sealed = asked.waiting(connection, SEALED, _AT_ONCE)
        if not wanted and not sealed:
            return
        console = Console(self._directory)  # held for this turn only: a command may come between
        if wanted:
            roll = console.roll()
            for decision in wanted:
                self._seal(console, roll, decision)
        with self._store.reader.connect() as connection:
            sealed = asked.waiting(connection, SEALED, 2 * _AT_ONCE)
        try:
            console.deliver(self._url)
        except TracewireError as trouble:
            for decision in sealed:
                asked.move(self._store, decision.id, SEALED, detail=trouble.code)
            raise
        # A crash here: delivered, and still noted as sealed. The next turn delivers nothing and notes it.
        for decision in sealed:
            asked.move(self._store, decision.id, DELIVERED)

    def _seal(self, console: Console, roll: Roll, decision: Asked) -> None:
        try:
            account, salt = self._who(decision)
            self._reach.require(account, decision, roll)
            if decision.word in _STATEMENTS:
                seq = console.seal(_STATEMENTS[decision.word], decision.fields, account.name, salt)
            else:
                about = (decision.lot, decision.reason, account.name, decision.seller, decision.card)
                seq = console.decide(Decision(decision.word, *about), salt)
        except Rejected as refused:
            log.warning("console.refused", decision=decision.id, code=refused.code, detail=refused.detail)
            asked.move(self._store, decision.id, REFUSED, detail=refused.code)
        else:
            # A crash before this line: the next turn finds the seal by its commitment.
            asked.move(self._store, decision.id, SEALED, seq=seq)
            log.info("console.sealed", decision=decision.id, word=decision.word, seq=seq)

    def _who(self, decision: Asked) -> tuple[Account, bytes]:
        """Return (account, salt); ``Rejected("account.…")`` when nobody may ask for this any more."""
        if decision.account is None or decision.salt is None:
            raise Rejected("account.unknown", "the account was erased")
        if decision.role == RULE and decision.word == TICKET:  # nobody's: a rule of the cloud reports a fault
            return Account(decision.account, RULE), decision.salt
        with self._store.reader.connect() as connection:
            row = accounts.find(connection, decision.account)
        if row is None or not rights.may(row.role, decision.word):
            raise Rejected("account.role", "not for this account")
        return Account(row.name, row.role, row.region, row.site, row.seller), decision.salt


def run(sealer: Sealer, started: Callable[[], None]) -> None:
    """Take turns until SIGINT or SIGTERM; safe to kill at any moment."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    started()
    wait_seconds = 0.0
    while not ended.wait(wait_seconds):
        wait_seconds = _LOOK_SECONDS
        try:
            sealer.turn()
        except (Unavailable, Rejected) as trouble:
            log.warning("console.waiting", code=trouble.code, detail=trouble.detail)
            wait_seconds = _RETRY_SECONDS
