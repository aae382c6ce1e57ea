"""Everything between the houses: messages are lost, late, doubled and overtaken; links break; nothing is altered.

The broker is part of it, because it promises nothing that the product relies on: it may acknowledge a publication and
drop it (measured: an ACL does that).
"""

import asyncio
from collections import deque
from collections.abc import Callable

from tracewire import topics

from simulators.simulation.clockwork import World

USUAL_MS = (1, 40)
LATE_MS = (500, 90_000)
REPLAY = "old word replayed"
OVERHEARD = 400


class Air:
    """Carries messages to ears: ``listen`` names who hears what; a message to nobody is lost."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ears: dict[str, Callable[[str, bytes], None]] = {}
        self._overheard: deque[bytes] = deque(maxlen=OVERHEARD)

    def listen(self, name: str, hear: Callable[[str, bytes], None] | None) -> None:
        """Let ``hear(topic, payload)`` have what is sent to ``name`` from now on; None for nobody."""
        if hear is None:
            self._ears.pop(name, None)
        else:
            self._ears[name] = hear

    def reaches(self, name: str) -> bool:
        """Tell whether anybody listens under this name."""
        return name in self._ears

    def send(self, to: str, topic: str, payload: bytes) -> None:
        """Send and forget."""
        if topic == topics.down(to):
            self._overheard.append(payload)
        if self._world.happens("message lost"):
            self._world.note("air", f"lost, to {to}")
            return
        for _ in range(2 if self._world.happens("message doubled") else 1):
            low_ms, high_ms = LATE_MS if self._world.happens("message late") else USUAL_MS
            delay_ms = self._world.random.uniform(low_ms, high_ms)
            asyncio.get_running_loop().call_later(delay_ms / 1000, self._deliver, to, topic, payload)

    async def replay(self) -> None:
        """Be somebody who holds the broker: say what was once said to one device to any, while the storm lasts."""
        while not self._world.is_calm:
            await self._world.pause(500, 20_000)
            devices = sorted(name for name in self._ears if not name.startswith("gateway"))
            if devices and self._overheard and self._world.happens(REPLAY):
                to = self._world.random.choice(devices)
                self._deliver(to, topics.down(to), self._world.random.choice(self._overheard))

    def _deliver(self, to: str, topic: str, payload: bytes) -> None:
        hear = self._ears.get(to)
        if hear is not None:
            hear(topic, payload)
