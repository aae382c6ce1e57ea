"""Step 4 of 11, publish: drain the journal to MQTT in order, and free flash under receipts alone.

Before: firmware/app/device/journal.py
After: edge/verify.py

Reads the journal, never RAM: after a restart, after a reconnection and in steady state the same lines run. All
decisions are in ``device.custody``; this file owns the clock, the keys and the flash.
"""

import asyncio
import time

from device.clock_keeper import Challenge
from device.custody import Custody
from device.journal import FULL, NEARLY_FULL, Journal
from tracewire import chain, cose, receipt
from tracewire.errors import Rejected, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.mqtt import Client
    from tracewire.p256 import VerifyingKey

TICK_MS = 1000  # how late an overdue receipt may be noticed


class Publisher:
    """Sends the records of one journal and hears the receipts for them.

    ``keepers`` are (level, verifying key) from the device's configuration. ``first_seq`` is the first record of this
    power-on, the newest one unless said. ``on_tick()`` is called about once a second: one more task would cost heap;
    ``on_wake()`` at every new record, so that what is pending shows before anybody is told that it is done.
    ``sent``, ``receipts`` and ``ignored`` count; ``last_ignored`` is the code of the newest receipt that proved
    nothing.
    """

    def __init__(
        self,
        journal: Journal,
        kid: bytes,
        keepers: "list[tuple[int, VerifyingKey]]",
        topic: str,
        ticks_ms: "Callable[[], int]",
        first_seq: int = 0,
    ) -> None:
        self._journal = journal
        self._keepers = keepers
        self._topic = topic
        self._ticks_ms = ticks_ms
        self._last_tick = ticks_ms()
        self._now_ms = 0
        self._wanted = asyncio.Event()
        self._kept_proof = (0, b"")
        self.custody = Custody(kid, journal.released_to, self._digest_of)
        self._challenge = Challenge(first_seq or journal.next_seq - 1)
        self.on_tick = self.on_wake = _nothing
        self.sent = self.receipts = self.ignored = 0
        self.last_ignored = ""

    @property
    def pending(self) -> int:
        """Records that the cloud has not settled yet."""
        return self._journal.next_seq - 1 - self.custody.settled_to

    def wake(self) -> None:
        """Say that the journal has a new record."""
        self._wanted.set()
        self.on_wake()

    def went_online(self) -> None:
        """Begin a session with the broker; for ``device.mqtt.Client``."""
        self.custody.reconnect(self._now())
        self._wanted.set()

    async def run(self, client: "Client") -> None:
        """Publish whatever the journal has, for ever."""
        while True:
            try:
                await self._drain(client)
            except Unavailable:
                # The link broke under a publication; nothing is lost, ``went_online`` starts the next session.
                self._wanted.clear()
            self.on_tick()
            try:
                await asyncio.wait_for_ms(self._wanted.wait(), TICK_MS)
            except asyncio.TimeoutError:
                continue
            finally:
                self._wanted.clear()

    def hear(self, _topic: str, sealed: bytes) -> None:
        """Take what came down: a receipt that proves something frees flash, anything else is counted and ignored."""
        try:
            self._take(sealed)
        except Rejected as refusal:
            self.ignored += 1
            self.last_ignored = refusal.code
        self._wanted.set()

    def answer_age_ms(self, seq: int, digest: bytes) -> "int | None":
        """Return how old a keeper's answer to record ``seq`` can be at most, None when there is no telling.

        ``Rejected("clock.unasked")`` when the record is not ours, ``Rejected("clock.late")`` as ``Challenge`` says.
        """
        known = self._digest_of(seq)
        if known != digest and (known is not None or seq >= self._journal.oldest_seq):
            raise Rejected("clock.unasked", "record %d is another" % seq)
        return None if known is None else self._challenge.age_ms(seq, self._now())

    async def _drain(self, client: "Client") -> None:
        while client.is_online:
            seq = self.custody.next_to_send(self._journal.next_seq - 1, self._now())
            if seq == 0:
                return
            sealed = self._journal.read(seq)
            if sealed is not None:  # an unreadable record was reported at boot; its neighbours still go
                self._challenge.sent(seq, self._now())
                await client.publish(self._topic, sealed)
                self.sent += 1
            self.custody.sent(seq, self._now())

    def _take(self, sealed: bytes) -> None:
        """Verify a receipt and act on it; ``Rejected`` when it proves nothing to this device."""
        level, key = self._keeper(cose.parse(sealed).kid)
        statement = receipt.decode(cose.open(sealed, cose.RECEIPT, key).payload)
        if self.custody.is_set_back(level, statement, self._journal.next_seq - 1):
            # A gateway's word stops sealing until the power goes: one that lies must not end a device's life.
            self._journal.set_back(statement.seq_to if level == receipt.CLOUD else 0)
            raise Rejected("custody.set_back", "a keeper knows later records than we have")
        for seq_from, seq_to, head in self.custody.receive(level, statement, self._now()):
            self._journal.release(seq_from, seq_to, head)
            # Committed. A crash between two releases: boot finds the records again and offers them again.
        self.receipts += 1
        if level == receipt.GATEWAY and statement.seq_to == self.custody.kept_to:
            self._kept_proof = (statement.seq_to, statement.head)
        self._free_what_is_kept()

    def _free_what_is_kept(self) -> None:
        """Free on the gateway's word, but only when the flash is about to run out (design: the market must go on)."""
        seq_to, head = self._kept_proof
        if self._journal.state in (NEARLY_FULL, FULL) and seq_to > self._journal.released_to:
            self._journal.release(self._journal.released_to + 1, seq_to, head)
            self.custody.freed(seq_to)

    def _keeper(self, kid: bytes) -> "tuple[int, VerifyingKey]":
        for level, key in self._keepers:
            if key.kid == kid:
                return level, key
        raise Rejected("publisher.keeper", "sealed by no keeper of ours")

    def _digest_of(self, seq: int) -> "bytes | None":
        sealed = self._journal.read(seq)
        return None if sealed is None else chain.digest(sealed)

    def _now(self) -> int:
        """Milliseconds since this publisher was made, without the wrap of the ticks."""
        tick = self._ticks_ms()
        self._now_ms += time.ticks_diff(tick, self._last_tick)
        self._last_tick = tick
        return self._now_ms


def _nothing() -> None:
    """Tick for nobody."""
