"""The feed from the cloud: pulled every few seconds, kept here, handed to each device, and said again now and then.

Why pulled: a site behind a router has no address, and a cloud that has to find its gateways does not scale. Why every
few seconds and not by a long poll: a freeze must reach the scale within a minute, and a short question costs a cloud
less than a held connection.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

import httpx
import structlog
from tracewire import cbor, cose, feed
from tracewire.errors import Rejected, Unavailable

from edge.backoff import AT_RANDOM, Backoff, Spread
from edge.config import GatewayConfig
from edge.feed_reminders import Reminders
from edge.feed_shelf import FeedShelf, Shelved
from edge.keyring import Keyring

log = structlog.get_logger("edge.feed")

MAX_ANSWER_BYTES = 8 << 20
"""A thousand statements of the largest size."""

LONGEST_PAUSE_MS = 30_000
"""While the cloud cannot be reached: a freeze that waits there goes out within a minute of its return."""


class Feed:
    """The loop that asks the cloud. ``hand_down(device, sealed)`` gets what is new after it is on disk here."""

    def __init__(
        self,
        *,
        config: GatewayConfig,
        context: ssl.SSLContext,
        keyring: Keyring,
        shelf: FeedShelf,
        hand_down: Callable[[str, bytes], None],
        transport: httpx.AsyncBaseTransport | None = None,
        spread: Spread = AT_RANDOM,
    ) -> None:
        """``shelf`` is closed by ``close``; ``transport`` and ``spread`` are for a simulated wire and its luck."""
        self._url = config.cloud_url.rstrip("/") + "/v1/feed"
        self._poll_ms = config.feed_poll_ms
        self._keyring = keyring
        self._hand_down = hand_down
        self._shelf = shelf
        self._client = httpx.AsyncClient(
            verify=context, timeout=config.cloud_timeout_ms / 1000, trust_env=False, transport=transport
        )
        self._reminders = Reminders(config.feed_remind_ms)
        self._backoff = Backoff(config.feed_poll_ms, LONGEST_PAUSE_MS, config.feed_poll_ms, LONGEST_PAUSE_MS, spread)

    async def run(self) -> None:
        """Pull for ever; a cloud that is away, or a disk that fails, only makes it wait."""
        self._reminders.told(self._shelf.devices(), _now_ms())
        async with self._client:
            while True:
                pause_ms = await self._pause_after_pull_ms()
                for device in self._reminders.due(_now_ms()):
                    self._say(device)
                await asyncio.sleep(pause_ms / 1000)

    def say_again(self, device: str) -> None:
        """Hand a device that has come back everything that stands; a repeat changes nothing there."""
        self._reminders.told([device], _now_ms())
        self._say(device)

    def _say(self, device: str) -> None:
        for sealed in self._shelf.statements(device):
            self._hand_down(device, sealed)

    def close(self) -> None:
        """Close the shelf, after ``run`` has ended."""
        self._shelf.close()

    async def _pause_after_pull_ms(self) -> int:
        before = self._backoff.state
        try:
            is_all = await self._pull()
        except (httpx.HTTPError, Unavailable) as down:
            reason, pause_ms = f"{type(down).__name__}: {down}", self._backoff.unreachable_ms()
        except Rejected as refusal:
            reason, pause_ms = str(refusal), self._backoff.refused_ms()
        else:
            self._backoff.worked()
            return self._poll_ms if is_all else 0
        if self._backoff.state is not before:  # one warning when the state changes, not one every few seconds
            log.warning("feed.waiting", reason=reason, pause_ms=pause_ms)
        return pause_ms

    async def _pull(self) -> bool:
        """Ask once, keep, hand down; tell whether there is nothing more to ask for."""
        since = await asyncio.to_thread(self._shelf.version)
        response = await self._client.get(self._url, params={"since": since})
        if response.status_code != 200:
            raise Unavailable("feed.status", f"status {response.status_code}")
        version, rows = _read(response.content)
        if version == since:
            return True
        news = [one for one in rows if self._is_sound(one)]
        await asyncio.to_thread(self._shelf.keep, news, version)
        for one in news:
            self._hand_down(one.device, one.sealed)
        self._reminders.told((one.device for one in news), _now_ms())
        log.info("feed.pulled", version=version, statements=len(news))
        return not rows

    def _is_sound(self, one: Shelved) -> bool:
        """Tell whether a device would believe it: sealed by the cloud, for the device it is said to be for."""
        try:
            sender = self._keyring.find(cose.parse(one.sealed).kid)
            if sender.role != "cloud" or sender.state != "active":
                raise Rejected("feed.sender", sender.name)
            statement = feed.decode(cose.open(one.sealed, cose.FEED, self._keyring.verifying_key(sender)).payload)
            if (statement.kid, statement.kind, statement.serial) != (
                self._keyring.current(one.device).kid, one.kind, one.serial,
            ):  # fmt: skip
                raise Rejected("feed.device", one.device)
        except Rejected as refusal:
            log.error("feed.refused", device=one.device, reason=str(refusal))
            return False
        return True


def _now_ms() -> int:
    return round(asyncio.get_running_loop().time() * 1000)


def _read(content: bytes) -> tuple[int, list[Shelved]]:
    """Return version and rows of an answer; ``Rejected("feed.answer")`` for anything else."""
    if len(content) > MAX_ANSWER_BYTES:
        raise Rejected("feed.answer", "too long")
    answer: Any = cbor.decode(content)
    try:
        if answer[1] != 1:
            raise Rejected("feed.answer", "of another version")
        return int(answer[2]), [Shelved(str(row[0]), int(row[1]), int(row[2]), bytes(row[3])) for row in answer[3]]
    except (KeyError, IndexError, TypeError, ValueError) as wrong:
        raise Rejected("feed.answer", "version and rows expected") from wrong
