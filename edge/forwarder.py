"""Step 7 of 11, gateway forward: hand the outbox to the cloud, and let go only of what it answered for.

Before: edge/outbox.py
After: cloud/ingest/verify.py

Reads the outbox, never the message in hand, so a restart and an ordinary day are one code path. Records travel in an
envelope sealed by this gateway: who had custody, and when it was received. A row leaves the outbox only under a valid
answer (``edge/answer.py``): covered by the cloud's receipt, or refused by name and then kept in the quarantine here as
well. Signed evidence that this gateway refused travels like any record, and its refusal comes down like any receipt.
Anything else (no answer, another status, a wrong key, another envelope's answer) keeps everything.
"""

import asyncio
import email.utils
import gzip
import ssl
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpx
import structlog
from tracewire import cbor, cose
from tracewire.errors import Rejected, Unavailable
from tracewire.p256 import SigningKey

from edge.answer import Settlement, Waiting, settle
from edge.backoff import AT_RANDOM, Backoff, Spread
from edge.config import GatewayConfig
from edge.health import Health
from edge.keyring import Keyring
from edge.outbox import Outbox

log = structlog.get_logger("edge.forwarder")

COMPRESSION = 1
"""gzip level: digests and signatures do not compress, headers and prefixes do at any level."""
RETRY_AFTER_MAX_S = 3_600
LATER = (408, 429, 502, 503, 504)
"""Statuses that say "not now" rather than "not this"."""


class NotSettledError(Exception):
    """The cloud did not take the envelope. ``is_refusal``: it answered, but with nothing that settles a record."""

    def __init__(self, reason: str, *, is_refusal: bool, retry_after_ms: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_refusal = is_refusal
        self.retry_after_ms = retry_after_ms


class Forwarder:
    """The loop of step 7. ``hand_down`` gets every cloud receipt after it is committed here."""

    def __init__(
        self,
        *,
        config: GatewayConfig,
        context: ssl.SSLContext,
        key: SigningKey,
        outbox: Outbox,
        keyring: Keyring,
        health: Health,
        hand_down: Callable[[str, bytes], None],
        transport: httpx.AsyncBaseTransport | None = None,
        spread: Spread = AT_RANDOM,
    ) -> None:
        """``transport`` and ``spread`` are for a simulated wire and its luck; on a site both are left out."""
        self._url = config.cloud_url.rstrip("/") + "/v1/records"
        self._batch_bytes = config.batch_bytes
        self._batch_records = config.batch_records
        self._most = config.batch_records
        self._key = key
        self._outbox = outbox
        self._keyring = keyring
        self._health = health
        self._hand_down = hand_down
        self._arrived = asyncio.Event()
        self.answered_ms = 0
        """When the cloud last gave a valid answer, Unix milliseconds; 0 before the first."""
        self._client = httpx.AsyncClient(
            verify=context, timeout=config.cloud_timeout_ms / 1000, trust_env=False, transport=transport
        )
        self.backoff = Backoff(
            config.link_retry_ms, config.link_retry_max_ms, config.refusal_retry_ms, config.refusal_retry_max_ms, spread
        )

    def wake(self) -> None:
        """Say that the outbox holds something new."""
        self._arrived.set()

    async def run(self) -> None:
        """Forward for ever; a failing disk or cloud only makes it wait."""
        async with self._client:
            while True:
                self._arrived.clear()
                try:
                    pause_ms = await self._forward_once()
                except Unavailable as failing:
                    self._health.forward_failures.labels("disk").inc()
                    pause_ms = self.backoff.unreachable_ms()
                    log.error("forwarder.disk", reason=str(failing), pause_ms=pause_ms)
                if pause_ms is None:
                    await self._arrived.wait()
                elif pause_ms:
                    await asyncio.sleep(pause_ms / 1000)

    async def _forward_once(self) -> int | None:
        """Send one batch; return how long to wait before the next, None when there is nothing to send."""
        batch = await asyncio.to_thread(self._outbox.oldest, self._most, self._batch_bytes)
        if not batch:
            return None
        try:
            settlement = await self._exchange(batch)
        except NotSettledError as failure:
            return await self._wait_after(failure, batch)
        return await self._act(settlement)

    async def _exchange(self, batch: Sequence[Waiting]) -> Settlement:
        """Post one envelope and read its answer; ``NotSettledError`` unless it is a valid one."""
        envelope = cose.seal(cbor.encode([[row.received_ms, row.sealed] for row in batch]), cose.ENVELOPE, self._key)
        headers = {"Content-Type": "application/cose", "Content-Encoding": "gzip"}
        try:
            response = await self._client.post(self._url, content=gzip.compress(envelope, COMPRESSION), headers=headers)
        except httpx.TransportError as down:
            raise NotSettledError(f"{type(down).__name__}: {down}", is_refusal=False) from down
        except httpx.HTTPError as garbled:
            raise NotSettledError(f"{type(garbled).__name__}: {garbled}", is_refusal=True) from garbled
        if response.status_code != 200:
            raise NotSettledError(
                f"status {response.status_code}",
                is_refusal=response.status_code not in LATER,
                retry_after_ms=retry_after_ms(response.headers.get("Retry-After", "")),
            )
        try:
            return settle(response.content, envelope, batch, self._keyring)
        except Rejected as invalid:
            raise NotSettledError(f"the answer does not hold: {invalid}", is_refusal=True) from invalid

    async def _act(self, settlement: Settlement) -> int:
        """Commit what the answer settles, then pass the receipts down. A crash between: the device asks again."""
        await asyncio.to_thread(self._outbox.settle, settlement.answered, settlement.left, settlement.receipts)
        for receipt in settlement.receipts:
            self._hand_down(receipt.device, receipt.sealed)
        self._health.forwarded.inc(len(settlement.answered))
        for one in settlement.answered:
            if one.refusal:
                self._health.cloud_refusals.labels(one.refusal).inc()
                log.warning("forwarder.refused", device=one.waiting.device, code=one.refusal, detail=one.detail)
        self.answered_ms = time.time_ns() // 1_000_000
        if settlement.answered:
            self.backoff.worked()
            self._most = self._batch_records
            return 0
        self._health.forward_failures.labels("unsettled").inc()
        log.warning("forwarder.unsettled", records=len(settlement.left))
        return self.backoff.refused_ms()

    async def _wait_after(self, failure: NotSettledError, batch: Sequence[Waiting]) -> int:
        """Note the failure and return the pause. A refused batch goes to the end of the line, and halves.

        So a record that makes a cloud stumble holds back its neighbours only until it travels alone.
        """
        before = self.backoff.state
        if failure.is_refusal:
            self._health.forward_failures.labels("refused").inc()
            self._most = max(1, self._most // 2)
            await asyncio.to_thread(self._outbox.settle, (), batch, ())
            pause_ms = self.backoff.refused_ms(failure.retry_after_ms)
        else:
            self._health.forward_failures.labels("unreachable").inc()
            pause_ms = self.backoff.unreachable_ms(failure.retry_after_ms)
        # One warning when the state changes; after that an outage must not fill the log.
        say = log.info if before is self.backoff.state else log.warning
        say("forwarder.waiting", state=self.backoff.state.value, reason=failure.reason, pause_ms=pause_ms)
        return pause_ms


def retry_after_ms(value: str) -> int:
    """Return the pause ``Retry-After`` asks for (RFC 9110 §10.2.3); 0 for none or nonsense, an hour at most."""
    if value.isascii() and value.isdigit():
        seconds = float(value[:9])
    else:
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return 0
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return int(min(max(seconds, 0), RETRY_AFTER_MAX_S) * 1000)
