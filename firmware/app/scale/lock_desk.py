"""The lock at the counter: an opened case locks the scale, the digit keys take the answer that unlocks it.

While it is locked the indication stays, weighings are recorded, zero and tare work; nothing is sold and nothing is set.
The screen says why, shows the challenge to tell the authority over the telephone, and what is wrong with an answer.
"""

import asyncio

from tracewire.errors import Rejected, Unavailable
from tracewire.unlock import DIGITS

from scale.screens import LOCKED, UNLOCK_BY, UNLOCKED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.history import History
    from device.lock import Lock
    from device.publisher import Publisher
    from hal.case_switch import CaseSwitch

    from scale.screens import Screen


class LockDesk:
    """One lock and one case. ``watch`` is an endless task; ``take`` gets every key before anybody else."""

    def __init__(
        self, lock: "Lock", case_switch: "CaseSwitch", screen: "Screen", history: "History", publisher: "Publisher"
    ) -> None:
        self._lock = lock
        self._case = case_switch
        self._screen = screen
        self._history = history
        self._publisher = publisher
        self._typed = ""
        self._deafness = None  # the task that ends it

    async def watch(self) -> None:
        """Go on with a lock that was there at power-on, then lock whenever the case is opened."""
        if self._lock.is_locked:
            self._show()
            self._report()
            self._be_deaf()
        while True:
            if self._case.is_open and not self._lock.is_locked:
                self._shut()
            await self._case.next_change()

    def require_unlocked(self) -> None:
        """Raise Rejected "lock.locked" while the scale is locked, or its case is open and nobody has noticed yet."""
        if self._lock.is_locked or self._case.is_open:
            raise Rejected("lock.locked")

    def take(self, key: str) -> bool:
        """Tell whether ``key`` was for the lock; Rejected "lock.…" for what a locked scale does not do."""
        if not self._lock.is_locked or key in ("zero", "tare"):
            return False
        if key == "clear":
            self._show()
            return True
        if not (key.startswith("digit") and key[5:].isdigit()):
            raise Rejected("lock.locked")
        if self._case.is_open:
            raise Rejected("lock.case_open")
        if self._deafness:
            raise Rejected("lock.wait")
        self._typed += key[5:]
        self._screen.say(self._typed)
        if len(self._typed) >= DIGITS:
            self._answer(self._typed)
        return True

    def _shut(self) -> None:
        try:
            self._lock.latch(self._history.event_counter)
        except Unavailable as refusal:  # locked all the same, until the power goes; the open case locks it again then
            self._screen.refuse(refusal.code)
        self._show()
        self._report()

    def _report(self) -> None:
        """Put the lock on record, once; with a full journal it waits for the next power-on or the next answer."""
        if self._lock.is_reported:
            return
        try:
            self._history.audit("case_opened", "case switch")
            self._history.audit("locked", "challenge " + self._lock.challenge)
            self._lock.reported()
            self._publisher.wake()
        except Unavailable as refusal:
            self._screen.refuse(refusal.code)

    def _answer(self, answer: str) -> None:
        challenge = self._lock.challenge
        self._typed = ""
        try:
            self._lock.check(answer)
        except Rejected:
            self._screen.lock(LOCKED + self._lock.challenge)
            self._be_deaf()
            raise
        self._report()
        self._history.audit("unlocked", "challenge %s, answer %d" % (challenge, self._lock.tries))
        # Recorded. A crash here: still locked, the same answer opens it, and that is recorded too.
        self._lock.release()
        self._publisher.wake()
        self._screen.lock("")
        self._screen.say(UNLOCKED)

    def _show(self) -> None:
        self._typed = ""
        self._screen.lock(LOCKED + self._lock.challenge)
        self._screen.say(UNLOCK_BY)

    def _be_deaf(self) -> None:
        if self._lock.wait_s:
            self._deafness = asyncio.create_task(self._hear_again(self._lock.wait_s))

    async def _hear_again(self, wait_s: int) -> None:
        await asyncio.sleep(wait_s)
        self._deafness = None
        self._screen.say(UNLOCK_BY)
