"""What time it is, said to a device as the answer to a record it has just sent (spec 14.5).

Only as an answer: a time that was sealed for nobody's question could be kept and shown to the device an hour later. The
record is on disk here when this is called, and nobody could have known its digest before the device sent it.
"""

from tracewire import cose, feed, topics
from tracewire.p256 import SigningKey

from edge.outbox import Kept

AGAIN_MS = 600_000
"""How often a device that keeps sending is told the time: its heartbeat comes every 14 minutes."""
EAGER_MS, EAGER_ANSWERS = 2_000, 15
"""Just after it came back more often: while it empties its journal, the answers are to records of yesterday."""
VALID_MS = 30_000


class ClockAnswers:
    """Answers a device that comes back, and then one of its records every ten minutes."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self._told: dict[str, tuple[int, int]] = {}  # how often since it came back, and when last

    def came_back(self, device: str) -> None:
        """Let the device's next record be answered, however lately it was told."""
        self._told.pop(device, None)

    def sealed(self, kept: Kept, now_ms: int) -> list[tuple[str, bytes]]:
        """Return (topic, sealed statement) for each device in ``kept`` that is due."""
        answers: list[tuple[str, bytes]] = []
        for device, runs in kept.runs.items():
            times, told_ms = self._told.get(device, (0, now_ms - AGAIN_MS))
            pause_ms = EAGER_MS if times < EAGER_ANSWERS else AGAIN_MS
            if not runs or 0 <= now_ms - told_ms < pause_ms:
                continue
            self._told[device] = (times + 1, now_ms)
            newest = runs[-1]
            row = (now_ms, newest.seq_to, newest.head)
            statement = feed.Statement(newest.kid, feed.CLOCK, now_ms, now_ms, now_ms + VALID_MS, (row,))
            answers.append((topics.down(device), cose.seal(statement.encode(), cose.FEED, self._key)))
        return answers
