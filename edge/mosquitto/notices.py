"""What Mosquitto says of itself on ``$SYS/broker/log``, read into facts: rules without a socket.

Why the log: a broker tells its clients nothing of each other's sessions, and the gateway must know who is there (to end
a revoked device's session), who listens (to say a missed receipt again) and when a reload has happened. Only the broker
can publish below ``$SYS``; a line we do not know is None, never an error: wording may change with a version, which the
conformance tests would show. Lines as Mosquitto 2.0.11 writes them.
"""

import re
from dataclasses import dataclass
from enum import Enum

from tracewire import topics

TOPICS = ("$SYS/broker/log/N", "$SYS/broker/log/I", "$SYS/broker/log/M/subscribe")


class Event(Enum):
    """What happened to a session, or to the broker."""

    CONNECTED = "connected"
    ENDED = "ended"
    OVERSIZED = "oversized"
    """Ended, because of a packet beyond the limit."""
    LISTENING = "listening"
    """A device subscribed to its own down topic."""
    RELOADED = "reloaded"


@dataclass(frozen=True)
class Notice:
    """One fact; ``device`` is the certificate's name, empty for ``RELOADED``."""

    event: Event
    device: str = ""


_NAME = r"(?P<name>[a-z0-9-]{3,32})"
_LINES = (
    (Event.CONNECTED, re.compile(rf"New client connected from \S+ as {_NAME} \(")),
    (Event.OVERSIZED, re.compile(rf"Client {_NAME} disconnected due to oversize packet")),
    (Event.ENDED, re.compile(rf"Client {_NAME} (?:disconnected|been disconnected|has exceeded timeout|closed)")),
    (Event.ENDED, re.compile(rf"Bad socket read/write on client {_NAME}: ")),
    (Event.RELOADED, re.compile(r"Reloading config\.$")),
)
_SUBSCRIBED = re.compile(rf"{_NAME} [01] (?P<topic>\S+)$")
_STAMP = re.compile(r"^\d+: ")


def read(topic: str, payload: bytes) -> Notice | None:
    """Return the fact in one line of the log, None when it holds none that we need."""
    line = _STAMP.sub("", payload.decode("utf-8", errors="replace"))
    if topic.endswith("/M/subscribe"):
        said = _SUBSCRIBED.match(line)
        is_own = said is not None and said["topic"] == topics.down(said["name"])
        return Notice(Event.LISTENING, said["name"]) if said is not None and is_own else None
    for event, pattern in _LINES:
        found = pattern.match(line)
        if found is not None:
            return Notice(event, found.groupdict().get("name", ""))
    return None
