"""The MQTT client: keeps one link to the broker alive, for ever, and says in one word how that is going.

The broker is only a wire (spec 8.2): clean sessions, nothing is queued, nothing is kept over a reconnection. What could
not be sent is simply not sent; the publisher reads it from the journal again.
"""

import asyncio

from device.backoff import Backoff
from device.mqtt_link import WINDOW, Broker, Link
from device.mqtt_packets import Decoder
from tracewire.errors import Rejected, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

OFFLINE = "offline"  # not started
CONNECTING = "connecting"
ONLINE = "online"
WAITING = "waiting"  # the link broke; trying again within two minutes
REFUSED = "refused"  # the broker does not want this device; trying again, slowly


class Client:
    """Connects, subscribes to ``topic``, hands over what comes, and starts again when the link ends.

    ``on_message(topic, payload)`` and ``on_online()`` are called from ``run`` and must not wait. ``failures`` counts
    the links that ended, ``last_error`` is the code of the newest end.
    """

    def __init__(
        self,
        broker: Broker,
        topic: str,
        on_message: "Callable[[str, bytes], None]",
        on_online: "Callable[[], None]",
        backoff: Backoff,
        window: int = WINDOW,
    ) -> None:
        self.broker = broker
        self._topic = topic
        self._on_message = on_message
        self._on_online = on_online
        self._backoff = backoff
        self._window = window
        self._decoder = Decoder()
        self._link: "Link | None" = None
        self.state = OFFLINE
        self.failures = 0
        self.last_error = ""

    @property
    def is_online(self) -> bool:
        """Tell whether a publication could be sent now."""
        return self.state == ONLINE

    async def run(self) -> None:
        """Keep the device connected; never returns."""
        while True:
            try:
                await self._session()
            except (Rejected, Unavailable) as error:
                is_refusal = error.code == "mqtt.refused"
                self.state = REFUSED if is_refusal else WAITING
                self.failures += 1
                self.last_error = error.code
                await asyncio.sleep_ms(self._backoff.fail(is_refusal))

    async def publish(self, topic: str, payload: bytes) -> None:
        """Send within the window; ``Unavailable`` when the link is down or breaks meanwhile."""
        if self._link is None or self.state != ONLINE:
            raise Unavailable("mqtt.offline", self.state)
        await self._link.publish(topic, payload)

    async def _session(self) -> None:
        link = Link(self.broker, self._decoder, self._window)
        self.state = CONNECTING
        try:
            await link.open()
            await link.subscribe(self._topic)
            self._link = link
            self.state = ONLINE
            self._on_online()
            self._backoff.succeed()
            await link.serve(self._on_message)
        finally:
            self._link = None
            self.state = WAITING
            link.close()
