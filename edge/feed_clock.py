"""What time it is, said to a device as the answer to a record it has just sent (spec 14.5).

Only as an answer: a time that was sealed for nobody's question could be kept and shown to the device an hour later. The
record is on disk here when this is called, and nobody could have known its digest before the device sent it.
"""

from tracewire import cose, feed, topics
from tracewire.p256 import SigningKey

from edge.outbox import Kept

AGAIN_MS = 600_000
"""How often a device that keeps sending is told the time: its heartbeat comes every 14 minutes."""
VALID_MS = 30_000


class ClockAnswers:
    """Answers the first record of a device that comes back, and then one every ten minutes."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self._told_ms: dict[str, int] = {}

    def came_back(self, device: str) -> None:
        """Let the device's next record be answered, however lately it was told."""
        self._told_ms.pop(device, None)

    def sealed(self, kept: Kept, now_ms: int) -> list[tuple[str, bytes]]:
        """Return (topic, sealed statement) for each device in ``kept`` that is due."""
        answers: list[tuple[str, bytes]] = []
        for device, runs in kept.runs.items():
            if not runs or 0 <= now_ms - self._told_ms.get(device, -AGAIN_MS) < AGAIN_MS:
                continue
            self._told_ms[device] = now_ms
            newest = runs[-1]
            row = (now_ms, newest.seq_to, newest.head)
            statement = feed.Statement(newest.kid, feed.CLOCK, now_ms, now_ms, now_ms + VALID_MS, (row,))
            answers.append((topics.down(device), cose.seal(statement.encode(), cose.FEED, self._key)))
        return answers
