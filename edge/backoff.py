"""How long to wait before asking the cloud again: named states, two climbing rates, full jitter.

Why two rates: a link that is down comes back by itself and should be used soon; an answer that is wrong (a refused
certificate, a wrong key, a full ledger) is mended by people, and asking quickly only adds load. Why full jitter:
after an outage every gateway of a province would otherwise knock in the same second.
"""

from collections.abc import Callable
from enum import Enum
from secrets import SystemRandom

Spread = Callable[[float, float], float]
"""Draws a number between two."""

AT_RANDOM: Spread = SystemRandom().uniform
MAX_DOUBLINGS = 32
"""Beyond it the cap has long been reached; keeps the power of two small."""


class LinkState(Enum):
    """What the last attempt told us; shown on the status page."""

    UNTRIED = "untried"
    WORKING = "working"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


class Backoff:
    """The pause after each kind of failure. ``spread`` draws from [0, ceiling]; all times in milliseconds."""

    def __init__(
        self,
        link_ms: int,
        link_max_ms: int,
        refusal_ms: int,
        refusal_max_ms: int,
        spread: Spread = AT_RANDOM,
    ) -> None:
        self._rates = {
            LinkState.UNREACHABLE: (link_ms, link_max_ms),
            LinkState.REFUSED: (refusal_ms, refusal_max_ms),
        }
        self._spread = spread
        self._failures = 0
        self.state = LinkState.UNTRIED

    def worked(self) -> None:
        """Begin anew: the next failure waits the shortest time."""
        self.state = LinkState.WORKING
        self._failures = 0

    def unreachable_ms(self, retry_after_ms: int = 0) -> int:
        """Return the pause after no answer, or one that says "later" (503, 429)."""
        return self._climb(LinkState.UNREACHABLE, retry_after_ms)

    def refused_ms(self, retry_after_ms: int = 0) -> int:
        """Return the pause after an answer that acknowledges nothing."""
        return self._climb(LinkState.REFUSED, retry_after_ms)

    def _climb(self, state: LinkState, retry_after_ms: int) -> int:
        """Double within one kind of failure, start low when the kind changes; never ask before ``retry_after_ms``."""
        if state is not self.state:
            self._failures = 0
        self.state = state
        first_ms, longest_ms = self._rates[state]
        ceiling_ms = min(longest_ms, first_ms << min(self._failures, MAX_DOUBLINGS))
        self._failures += 1
        return retry_after_ms + int(self._spread(0, ceiling_ms))
