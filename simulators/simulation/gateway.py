"""A gateway house: the real verifier, outbox, gateway and forwarder, with a simulated wire on either side.

A world may have two, which know nothing of one another: a device that roams leaves overlapping ranges with both. One of
them may burn down, disk and all.
"""

import asyncio
import contextlib
import functools
import shutil
import sqlite3
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx
from tracewire import topics

from edge import store
from edge.answer import Answered, CloudReceipt, Waiting
from edge.config import GatewayConfig
from edge.feed import Feed
from edge.feed_shelf import FeedShelf, Shelved
from edge.forwarder import Forwarder
from edge.gateway import Gateway
from edge.health import Health
from edge.inbox import GATHER_SECONDS, Delivery
from edge.keyring import Keyring
from edge.outbox import Kept, Outbox
from edge.verify import Refused, Verified, Verifier
from simulators.node import Node
from simulators.simulation.air import Air
from simulators.simulation.clockwork import PowerCut, World
from simulators.simulation.oracle import Key

OUTBOX_BYTES = 230_000
"""Room for some two hundred records: a long outage of the cloud fills it."""

LOST_FOR_GOOD = "gateway lost"
SHELF_LOST = "feed shelf lost"
FEED_POLL_MS = 15_000


class GatewayHouse:
    """One gateway's whole life; what it has on disk is one file, and ``on_lost`` hears when that is gone for good."""

    def __init__(self, world: World, air: Air, node: Node, directory: Path, root_point: bytes) -> None:
        self.name = node.name
        self._world = world
        self._air = air
        self._key = node.key
        self._root_point = root_point
        self._config = GatewayConfig(
            directory,
            "https://cloud.invalid",
            outbox_max_bytes=OUTBOX_BYTES,
            refusal_retry_max_ms=60_000,
            feed_poll_ms=FEED_POLL_MS,
        )
        self.gateway_type: type[Gateway] = Gateway
        self.wire: httpx.AsyncBaseTransport = httpx.MockTransport(lambda _request: httpx.Response(503))
        self.on_lost: Callable[[set[Key]], None] | None = None
        self.is_lost = False
        store.create(self._config.outbox_path)

    async def live(self) -> None:
        """Run, lose power, run again; or never again."""
        while not self.is_lost:
            try:
                await self._powered()
            except* PowerCut:
                self._air.listen(self.name, None)
                self._maybe_burn_down()
            await self._world.pause(500, 30_000)

    def holds(self, device: str, seq: int) -> bool:
        """Tell whether this disk has a record that the cloud has not answered for, also while the power is off."""
        return not self.is_lost and bool(self._rows("SELECT 1 FROM outbox WHERE device = ? AND seq = ?", device, seq))

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing waits here for the cloud."""
        return self.is_lost or not self._rows("SELECT 1 FROM outbox LIMIT 1")

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self._config.outbox_path)) as database:
            return database.execute(statement, values).fetchall()

    def _maybe_burn_down(self) -> None:
        if self.on_lost is not None and self._world.happens(LOST_FOR_GOOD):
            self._world.note(self.name, "lost for good, disk and all")
            held = {(device, seq) for device, seq in self._rows("SELECT device, seq FROM outbox")}
            self.is_lost = True
            shutil.rmtree(self._config.directory)
            self.on_lost(held)

    async def _powered(self) -> None:
        self._outbox = _CutOutbox(self._world, self.name, self._config)
        keyring = Keyring(self._config.path("registry.cose"), self._root_point, self._world.now_ms())
        spread = self._world.random.uniform
        gateway = self.gateway_type(
            Verifier(keyring), self._outbox, self._key, Health(), 20, spread=spread, now_ms=self._world.now_ms
        )
        inbox: Any = _Ears(self._world, self._air, self.name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        forwarder = Forwarder(
            config=self._config,
            context=context,
            key=self._key,
            outbox=self._outbox,
            keyring=keyring,
            health=Health(),
            hand_down=lambda device, sealed: gateway.hand_down(device, sealed, inbox),
            transport=self.wire,
            spread=spread,
        )
        feed = Feed(
            config=self._config,
            context=context,
            keyring=keyring,
            shelf=self._shelf(),
            hand_down=lambda device, sealed: inbox.publish(topics.down(device), sealed),
            transport=self.wire,
            spread=spread,
        )
        self._world.note(self.name, "on")
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(gateway.run(inbox, forwarder))
                tasks.create_task(feed.run())
                tasks.create_task(self._say_again(gateway, feed, inbox))
                tasks.create_task(self._lose_power())
        finally:
            self._outbox.close()
            feed.close()

    def _shelf(self) -> FeedShelf:
        """Open the file of statements, which may be lost with nothing lost."""
        if self._world.happens(SHELF_LOST):
            self._world.note(self.name, "the file of statements is gone")
            for path in self._config.directory.glob(self._config.feed_path.name + "*"):
                path.unlink()
        return _CutShelf(self._world, self.name, self._config)

    async def _say_again(self, gateway: Gateway, feed: Feed, inbox: Any) -> None:
        while True:
            device = await inbox.subscriber()
            feed.say_again(device)
            await gateway.say_again(device, inbox)

    async def _lose_power(self) -> None:
        while True:
            await self._world.pause(10_000, 90_000)
            if self._world.happens("unplugged"):
                self._world.note(self.name, "unplugged")
                raise PowerCut(self.name)


class _Ears:
    """The gateway's session at the broker: hears devices, speaks down; acknowledging may be its last act."""

    def __init__(self, world: World, air: Air, name: str) -> None:
        self._world = world
        self._air = air
        self._name = name
        self._line: deque[Delivery] = deque()
        self._arrived = asyncio.Event()
        self._subscribers: asyncio.Queue[str] = asyncio.Queue()
        air.listen(name, self._hear)

    async def waiting(self, most: int) -> list[Delivery]:
        """Return what has come, at least one, as ``edge.inbox.Inbox`` does."""
        while not self._line:
            self._arrived.clear()
            await self._arrived.wait()
        await asyncio.sleep(GATHER_SECONDS)
        return [self._line.popleft() for _ in range(min(most, len(self._line)))]

    async def subscriber(self) -> str:
        """Return the next device that subscribed."""
        return await self._subscribers.get()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send down."""
        self._world.maybe_cut(self._name, "before saying")
        self._air.send(topic.split("/")[2], topic, payload)

    def _hear(self, topic: str, payload: bytes) -> None:
        if topic == "subscribed":
            self._subscribers.put_nowait(payload.decode())
            return
        now_ms = self._world.now_ms()
        acknowledge = functools.partial(self._world.maybe_cut, self._name, "before a PUBACK")
        self._line.append(Delivery(topic, payload, now_ms, acknowledge))
        self._arrived.set()


class _CutShelf(FeedShelf):
    """The file of statements, with power cuts on either side of every commit."""

    def __init__(self, world: World, name: str, config: GatewayConfig) -> None:
        super().__init__(config.feed_path)
        self._world = world
        self._name = name

    def keep(self, news: Sequence[Shelved], version: int) -> None:
        self._world.maybe_cut(self._name, "before keeping statements")
        super().keep(news, version)
        self._world.maybe_cut(self._name, "after keeping statements")


class _CutOutbox(Outbox):
    """The outbox, with power cuts on either side of every commit."""

    def __init__(self, world: World, name: str, config: GatewayConfig) -> None:
        super().__init__(config.outbox_path, config.outbox_max_bytes)
        self._world = world
        self._name = name

    def keep(self, verdicts: Iterable[Verified | Refused]) -> Kept:
        self._world.maybe_cut(self._name, "before keeping")
        kept = super().keep(verdicts)
        self._world.maybe_cut(self._name, "after keeping")
        return kept

    def settle(self, answered: Sequence[Answered], left: Sequence[Waiting], receipts: Sequence[CloudReceipt]) -> None:
        self._world.maybe_cut(self._name, "before settling")
        super().settle(answered, left, receipts)
        self._world.maybe_cut(self._name, "after settling")
