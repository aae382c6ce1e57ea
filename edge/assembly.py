"""Build the gateway's objects, run them, take them down again.

The order is the meaning: keys and store are checked before a port opens, the broker opens before the inbox connects,
and on the way down the inbox leaves first, so that it does not see its broker vanish and try to connect again.
"""

import asyncio
import os
import signal
import ssl
import time

import structlog
from tracewire import topics
from tracewire.errors import Misuse, Rejected, Unavailable
from tracewire.p256 import SigningKey

from edge import revocations, tls
from edge.access import Access
from edge.broker import EmbeddedBroker
from edge.config import MOSQUITTO, GatewayConfig
from edge.feed import Feed
from edge.feed_shelf import FeedShelf
from edge.firmware_files import FirmwareFiles
from edge.forecast import BufferForecast
from edge.forwarder import Forwarder
from edge.gateway import Gateway
from edge.health import Health, StatusServer
from edge.inbox import Inbox
from edge.keyring import Keyring
from edge.mosquitto.broker import MosquittoBroker
from edge.outbox import Outbox
from edge.site_broker import SiteBroker
from edge.status import Status
from edge.verify import Verifier

log = structlog.get_logger("edge.assembly")

FORGET_SECONDS = 3_600


class Site:
    """Everything one running gateway consists of. ``outbox`` is given, so that a test can bring one that dies."""

    def __init__(self, config: GatewayConfig, outbox: Outbox) -> None:
        """Check keys, registry and certificates; ``Misuse`` with a sentence when one cannot be used. Opens no port."""
        self.config = config
        self.outbox = outbox
        self.health = Health()
        self._key = SigningKey(config.path("record.key").read_bytes(), os.urandom)
        self._keyring = Keyring(
            config.path("registry.cose"),
            config.path("root.point").read_bytes(),
            _now_ms(),
            outbox.registry_serial(),
        )
        self.name = _own_name(self._keyring, self._key, config)
        self._calling_context = tls.calling_side(config)
        self._revocations = _first_revocations(config)
        self._access = Access(self._keyring, self.name, self._revocations.serials)
        self._broker = self._make_broker()
        self._gateway = Gateway(Verifier(self._keyring), outbox, self._key, self.health, config.batch_records)
        self._forecast = BufferForecast()
        self._reminder = revocations.ExpiryReminder()
        self._files = FirmwareFiles(config) if config.firmware_port else None
        self._background: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set; ``Misuse`` when a port is taken or the store is damaged."""
        self._inbox = self._make_inbox()
        self._forwarder = self._make_forwarder()
        self._feed = self._make_feed()
        status = StatusServer(self.config.status_port, self.health, self._make_status().figures)
        try:
            await self._broker.start()
            self._inbox.start()
            status.start()
            if self._files is not None:
                self._files.start()
            self.outbox.remember_registry(self._keyring.serial)
            log.info("gateway.started", name=self.name, broker=self.config.broker, mqtt_port=self.config.mqtt_port)
            await self._work_until(stop)
        finally:
            await self._inbox.stop()
            await self._broker.stop()
            self._feed.close()
            status.stop()
            if self._files is not None:
                await self._files.stop()
            log.info("gateway.stopped", name=self.name)

    def _make_broker(self) -> SiteBroker:
        if self.config.broker == MOSQUITTO:
            return MosquittoBroker(self.config, self._access, self, self._say, self.outbox.devices)
        return EmbeddedBroker(self.config, self._access, self)

    def _say(self, topic: str, payload: bytes) -> None:
        self._inbox.publish(topic, payload)

    def _make_inbox(self) -> Inbox:
        notices = self._broker if isinstance(self._broker, MosquittoBroker) else None
        return Inbox(self.config, self._calling_context, self.name, notices)

    def _make_forwarder(self) -> Forwarder:
        return Forwarder(
            config=self.config,
            context=self._calling_context,
            key=self._key,
            outbox=self.outbox,
            keyring=self._keyring,
            health=self.health,
            hand_down=lambda device, sealed: self._gateway.hand_down(device, sealed, self._inbox),
        )

    def _make_feed(self) -> Feed:
        return Feed(
            config=self.config,
            context=self._calling_context,
            keyring=self._keyring,
            shelf=FeedShelf(self.config.feed_path),
            hand_down=lambda device, sealed: self._inbox.publish(topics.down(device), sealed),
        )

    def _make_status(self) -> Status:
        return Status(
            name=self.name,
            config=self.config,
            outbox=self.outbox,
            keyring=self._keyring,
            broker=self._broker,
            inbox=self._inbox,
            forwarder=self._forwarder,
            forecast=self._forecast,
            health=self.health,
            crl_expires_ms=lambda: self._revocations.next_update_ms,
        )

    async def _work_until(self, stop: asyncio.Event) -> None:
        """Run the flow and the refreshes until told to stop, or until one of them fails."""
        work = [
            asyncio.create_task(self._gateway.run(self._inbox, self._forwarder)),
            asyncio.create_task(self._feed.run()),
            asyncio.create_task(self._refresh_for_ever()),
        ]
        waiter = asyncio.create_task(stop.wait())
        await asyncio.wait([waiter, *work], return_when=asyncio.FIRST_COMPLETED)
        for task in (waiter, *work):
            task.cancel()
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                raise outcome

    # What the broker tells us (``edge.broker_plugins.BrokerEvents``), on the event loop.

    def listening(self, device: str) -> None:
        """Say the newest cloud receipt again to a device that has just subscribed, and what stands in its feed."""
        self._feed.say_again(device)
        task = asyncio.create_task(self._gateway.say_again(device, self._inbox))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def foreign_publish(self, sender: str, topic: str, payload: bytes) -> None:
        """Let step 5 refuse what the broker dropped, so that the quarantine keeps it."""
        self._inbox.add_foreign(sender, topic, payload)

    def refused(self, code: str) -> None:
        """Count a refused connection, subscription or packet."""
        self.health.refusals.labels(code).inc()

    async def _refresh_for_ever(self) -> None:
        """Take newer registries and revocation lists, drop who they exclude, watch the buffer, forget old digests."""
        next_forgetting = time.monotonic()
        while True:
            await asyncio.sleep(self.config.refresh_ms / 1000)
            try:
                if await asyncio.to_thread(self._keyring.refresh, _now_ms()):
                    await asyncio.to_thread(self.outbox.remember_registry, self._keyring.serial)
                self._refresh_revocations()
                self._remind_of_revocations()
                self._forecast.note(time.monotonic(), await asyncio.to_thread(self.outbox.used_bytes))
                await self._broker.drop_unwelcome()
                if time.monotonic() >= next_forgetting:
                    next_forgetting = time.monotonic() + FORGET_SECONDS
                    await asyncio.to_thread(self.outbox.forget_before, self.config.remembered_records)
            except Unavailable as failing:
                log.error("gateway.disk", reason=str(failing))

    def _refresh_revocations(self) -> None:
        """Take ``crl.pem`` when it changed; a list that cannot be read leaves the last one in force."""
        try:
            fresh = revocations.read(self.config.path("crl.pem"))
            if fresh == self._revocations:
                return
            self._broker.take_revocations()
            if self._files is not None:
                self._files.take_revocations()
        except (Rejected, Misuse, ssl.SSLError, OSError) as broken:
            log.error("crl.refused", reason=str(broken))
            return
        self._revocations = fresh
        self._access.revoked_serials = fresh.serials
        log.info("crl.loaded", revoked=len(fresh.serials))

    def _remind_of_revocations(self) -> None:
        now_ms, end_ms = _now_ms(), self._revocations.next_update_ms
        if self._reminder.is_due(end_ms, now_ms):
            say = log.error if end_ms <= now_ms else log.warning
            say("crl.expires", days_left=(end_ms - now_ms) // revocations.DAY_MS, then="every device is refused")


async def serve(config: GatewayConfig, outbox: Outbox) -> None:
    """Run a gateway until SIGTERM or SIGINT; its outbox is closed when this returns."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await Site(config, outbox).run(stop)
    finally:
        outbox.close()


def open_outbox(config: GatewayConfig) -> Outbox:
    """Open the existing outbox with the limits of the configuration."""
    return Outbox(config.outbox_path, config.outbox_max_bytes, config.quarantined_per_sender)


def _own_name(keyring: Keyring, key: SigningKey, config: GatewayConfig) -> str:
    try:
        credential = keyring.find(key.kid)
    except Rejected as unknown:
        raise Misuse("gateway.identity", f"record.key in {config.directory} is not in the registry") from unknown
    if credential.role != "gateway" or credential.state == "revoked":
        raise Misuse("gateway.identity", f"{credential.name} is a {credential.state} {credential.role}")
    return credential.name


def _first_revocations(config: GatewayConfig) -> revocations.Revocations:
    try:
        return revocations.read(config.path("crl.pem"))
    except Rejected as broken:
        raise Misuse("gateway.crl", f"crl.pem in {config.directory}: {broken.detail}") from broken


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
