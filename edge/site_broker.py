"""What the gateway asks of a broker, and what a broker tells the gateway: the seam between wire and flow.

Two brokers stand behind it: amqtt inside this process (``edge/broker.py``) and Mosquitto beside it
(``edge/mosquitto/broker.py``). They differ in what they can refuse (``docs/adr/0011-mosquitto-is-minded.md``); what a
site may rely on with either is what ``tests/edge/conformance`` asks of both.
"""

from typing import Protocol


class SiteBroker(Protocol):
    """A broker as the gateway's own life needs it. All calls on the event loop."""

    @property
    def connected(self) -> int:
        """How many devices hold a session now, the gateway's own not counted."""

    async def start(self) -> None:
        """Make it ready to be connected to; ``Misuse`` when it cannot be."""

    async def stop(self) -> None:
        """Let go of it."""

    def take_revocations(self) -> None:
        """Judge new connections by the ``crl.pem`` that lies there now; ``OSError`` leaves the last list in force."""

    async def drop_unwelcome(self) -> None:
        """End the sessions that would not be admitted any more: a list alone leaves an open session up (measured)."""


class BrokerEvents(Protocol):
    """What the broker tells the gateway besides messages. Called on the event loop; must not block."""

    def listening(self, device: str) -> None:
        """``device`` subscribed to its own down topic: what it missed can be said again."""

    def foreign_publish(self, sender: str, topic: str, payload: bytes) -> None:
        """``sender`` published where it may not; amqtt acknowledges and drops it, so this is the only trace."""

    def refused(self, code: str) -> None:
        """A connection, subscription or packet was refused."""
