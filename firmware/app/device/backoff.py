"""How long to wait before trying again: exponential, with full jitter, and two ways to climb.

Why full jitter: after a power cut in a market a hundred scales come back in the same second. Why two ways: a broken
link may be back at once, but a broker that refuses this device will go on refusing until a person acts. Pure.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LINK_FIRST_MS, LINK_LONGEST_MS = 1000, 120000
REFUSAL_FIRST_MS, REFUSAL_LONGEST_MS = 60000, 1800000


class Backoff:
    """Counts failures in a row; ``draw(limit)`` returns a random integer from 0 to limit - 1."""

    def __init__(
        self,
        draw: "Callable[[int], int]",
        link_ms: "tuple[int, int]" = (LINK_FIRST_MS, LINK_LONGEST_MS),
        refusal_ms: "tuple[int, int]" = (REFUSAL_FIRST_MS, REFUSAL_LONGEST_MS),
    ) -> None:
        self._draw = draw
        self._link_ms = link_ms
        self._refusal_ms = refusal_ms
        self.failures = 0

    def succeed(self) -> None:
        """Start from the bottom next time."""
        self.failures = 0

    def fail(self, is_refusal: bool) -> int:
        """Return the milliseconds to wait after one more failure."""
        first, longest = self._refusal_ms if is_refusal else self._link_ms
        ceiling = min(longest, first << min(self.failures, 16))
        self.failures += 1
        return self._draw(ceiling) + 1
