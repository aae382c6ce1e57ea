"""The lock of a sealed device: shut by the opened case, through any power cut, until the authority's answer opens it.

JJF 2184-2025: a scale whose case is opened locks itself and only a dynamic password unlocks it. Here is the lock, one
small file and no screen: which challenge stands, how often it was answered wrongly, when the next answer is heard.

Every step is one commit (littlefs replaces a small file whole) and errs toward locked: an answer is counted before it
is looked at, so pulling the plug buys no further guess; a file that cannot be read means locked. No clock is asked.
"""

from tracewire import cbor
from tracewire.errors import Misuse, Rejected, Unavailable
from tracewire.unlock import challenge_of, response_to

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

UNLOCK_FILE = "unlock.key"
STATE_FILE = "lock.state"

WRONG_ANSWERS = 5
"""Answers that one challenge hears; then another is drawn, and whoever has the secret must be asked again."""

WAITS_S = (0, 0, 10, 60, 300, 1800)
"""Seconds of deafness after so many wrong answers in one lock, the last for all that follow: 17,000 guesses a year at
one in a hundred million."""

_NONCE_BYTES = 8


class Lock:
    """``is_locked``; ``challenge`` while it is; ``tries`` answered wrongly; ``is_reported``: the audit records exist.

    ``name`` is the device's; ``entropy`` draws nonces.
    """

    def __init__(self, root: str, name: str, entropy: "Callable[[int], bytes]") -> None:
        """Read secret and state under ``root``; ``Misuse("lock.secret")`` when enrolment has left no secret."""
        self._path = root + "/" + STATE_FILE
        self._name = name
        self._entropy = entropy
        self._secret = _read(root + "/" + UNLOCK_FILE) or b""
        if len(self._secret) != 32:
            raise Misuse("lock.secret", UNLOCK_FILE + " must have 32 bytes: enrol again")
        self.is_locked = False
        self.is_reported = True
        self.event = self.tries = 0
        self._nonce = b""
        self._recover()

    @property
    def challenge(self) -> str:
        """The digits to tell the authority."""
        return challenge_of(self._name, self.event, self._nonce)

    @property
    def wait_s(self) -> int:
        """Seconds in which no answer is heard, counted from the last one or from power-on."""
        return WAITS_S[min(self.tries, len(WAITS_S) - 1)]

    def latch(self, event: int) -> None:
        """Lock, under a new challenge; ``event`` is the event counter now. Locked from here on even if flash fails.

        On flash when this returns. A crash just after it finds the device locked and not yet reported.
        """
        self.is_locked, self.is_reported = True, False
        self.event, self.tries = event, 0
        self._nonce = self._entropy(_NONCE_BYTES)
        self._keep()

    def reported(self) -> None:
        """Note that the audit records are on flash. A crash before it tells them once more, never not at all."""
        self.is_reported = True
        self._keep()

    def check(self, answer: str) -> None:
        """Return when ``answer`` opens the lock; it stays locked until ``release``.

        ``Rejected("lock.wrong")``, or ``Rejected("lock.renewed")`` when that was the last answer of this challenge.
        ``Unavailable("lock.flash")`` when the try cannot be counted; then it is not looked at.
        """
        self.tries += 1
        self._keep()
        # Counted. A crash from here on has cost a try.
        if _is_equal(answer, response_to(self._secret, self._name, self.challenge)):
            return
        if self.tries % WRONG_ANSWERS:
            raise Rejected("lock.wrong")
        self._nonce = self._entropy(_NONCE_BYTES)
        self._keep()
        raise Rejected("lock.renewed")

    def release(self) -> None:
        """Unlock; the challenge and its answer are worth nothing from now on. Record it first.

        A crash before it finds the device locked as it was, and the same answer opens it.
        """
        self.tries, self._nonce = 0, b""
        self._write(False)
        self.is_locked = False

    def _keep(self) -> None:
        self._write(self.is_locked)

    def _write(self, is_locked: bool) -> None:
        try:
            with open(self._path, "wb") as file:
                file.write(cbor.encode([is_locked, self.is_reported, self.event, self.tries, self._nonce]))
        except OSError as error:
            raise Unavailable("lock.flash", str(error))

    def _recover(self) -> None:
        content = _read(self._path)
        if content is None:
            return  # never locked
        try:
            self.is_locked, self.is_reported, self.event, self.tries, self._nonce = cbor.decode(content)
        except (Rejected, TypeError, ValueError):
            self.latch(0)


def _read(path: str) -> "bytes | None":
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _is_equal(one: str, other: str) -> bool:
    """Compare in the same time wherever they differ."""
    difference = len(one) ^ len(other)
    for left, right in zip(one, other):
        difference |= ord(left) ^ ord(right)
    return difference == 0
