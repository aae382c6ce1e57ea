"""The flow of the gateway: receive, verify, keep, acknowledge; and beside it forward.

Read ``_receive`` for the life of a record here. A failing disk is waited out with the records in hand and
unacknowledged; what cannot be held comes again from the devices' journals.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog
from tracewire import topics
from tracewire.errors import Unavailable
from tracewire.p256 import SigningKey

from edge.backoff import AT_RANDOM, Backoff, Spread
from edge.chains import Place
from edge.feed_clock import ClockAnswers
from edge.forwarder import Forwarder
from edge.health import Health
from edge.inbox import Delivery, Inbox
from edge.outbox import Kept, Outbox
from edge.receipts import sealed_receipts
from edge.verify import Refused, Verifier

log = structlog.get_logger("edge.gateway")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Gateway:
    """Steps 5 to 7 over parts that somebody else built (``edge/assembly.py``)."""

    def __init__(
        self,
        verifier: Verifier,
        outbox: Outbox,
        key: SigningKey,
        health: Health,
        bunch: int,
        *,
        spread: Spread = AT_RANDOM,
        now_ms: Callable[[], int] = _now_ms,
    ) -> None:
        """``spread`` and ``now_ms`` are for a simulated world's luck and clock; on a site both are left out."""
        self._verifier = verifier
        self._outbox = outbox
        self._key = key
        self._health = health
        self._bunch = bunch
        self._disk = Backoff(100, 5_000, 100, 5_000, spread)
        self._clock_answers = ClockAnswers(key)
        self._now_ms = now_ms

    async def run(self, inbox: Inbox, forwarder: Forwarder) -> None:
        """Receive and forward until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive_for_ever(inbox, forwarder))
            tasks.create_task(forwarder.run())

    async def _receive_for_ever(self, inbox: Inbox, forwarder: Forwarder) -> None:
        while True:
            in_hand = await inbox.waiting(self._bunch)
            most = self._bunch
            while in_hand:
                try:
                    await self._receive(in_hand[:most], inbox)
                except Unavailable as full:
                    # Nobody was told anything. Try again with half as many: the room may do for some.
                    most = max(1, min(most, len(in_hand)) // 2)
                    await self._wait_for_disk(full, len(in_hand))
                    continue
                del in_hand[:most]
                self._disk.worked()
                forwarder.wake()  # 7 forward: reads the outbox, not these deliveries

    async def _receive(self, deliveries: Sequence[Delivery], inbox: Inbox) -> None:
        """Take one bunch from the wire to the disk, and only then answer; ``Unavailable`` with nothing answered."""
        kept = await asyncio.to_thread(self._verify_and_keep, deliveries)
        for delivery in deliveries:
            delivery.acknowledge()  # the broker may forget; the device may not, it waits for the receipt
        for topic, receipt in sealed_receipts(kept, self._key, self._now_ms()):
            inbox.publish(topic, receipt)
            self._health.receipts.labels("gateway").inc()
        for topic, sealed in self._clock_answers.sealed(kept, self._now_ms()):
            inbox.publish(topic, sealed)
        for device, answers in kept.answers.items():
            for sealed in answers:
                self.hand_down(device, sealed, inbox)  # the cloud's word, which the device must have missed
        self._note(kept)

    def _verify_and_keep(self, deliveries: Sequence[Delivery]) -> Kept:
        with self._health.commit_seconds.time():
            verdicts = [self._verifier.judge(delivery) for delivery in deliveries]  # 5 verify
            return self._outbox.keep(verdicts)  # 6 store: committed when this returns

    async def _wait_for_disk(self, full: Unavailable, waiting: int) -> None:
        pause_ms = self._disk.unreachable_ms()
        self._health.disk_failures.inc()
        log.error("gateway.disk", reason=str(full), waiting=waiting, pause_ms=pause_ms)
        await asyncio.sleep(pause_ms / 1000)

    async def say_again(self, device: str, inbox: Inbox) -> None:
        """Send the newest cloud receipt of a device that has just come back; its next record is told the time."""
        self._clock_answers.came_back(device)
        try:
            sealed = await asyncio.to_thread(self._outbox.cloud_receipt, device)
        except Unavailable as failing:
            log.error("gateway.disk", reason=str(failing))
            return
        if sealed is not None:
            self.hand_down(device, sealed, inbox)

    def hand_down(self, device: str, sealed: bytes, inbox: Inbox) -> None:
        """Pass a cloud receipt on as it is: the device checks the cloud's seal, not ours."""
        inbox.publish(topics.down(device), sealed)
        self._health.receipts.labels("cloud").inc()

    def _note(self, kept: Kept) -> None:
        places = kept.places
        self._health.kept.inc(places[Place.NEXT] + places[Place.AHEAD])
        self._health.repeats.inc(places[Place.REPEAT])
        self._health.ahead.inc(places[Place.AHEAD])
        self._health.deliveries.inc(places.total() + len(kept.refused))
        for (sender, code), alike in _grouped(kept.refused).items():
            self._health.quarantined.labels(code).inc(len(alike))
            is_fork = code == "chain.fork"
            self._health.forks.inc(len(alike) * is_fork)
            say = log.error if is_fork else log.warning  # two pasts of one device: a clone, or a restored flash
            say("gateway.quarantined", sender=sender, code=code, times=len(alike), detail=alike[0].detail)


def _grouped(refused: Sequence[Refused]) -> dict[tuple[str, str], list[Refused]]:
    """Group by sender and reason: one line of the log for a bunch, whatever a device floods us with."""
    grouped: dict[tuple[str, str], list[Refused]] = {}
    for one in refused:
        grouped.setdefault((one.sender, one.code), []).append(one)
    return grouped
