"""A scale without a pan: the device's real history, publisher and downlink, sold from and unplugged at random."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tracewire import cbor, p256, record, topics
from tracewire.errors import Rejected, Unavailable

from simulators.node import Node
from simulators.simulation import firmware
from simulators.simulation.air import Air
from simulators.simulation.clockwork import PowerCut, World
from simulators.simulation.hearing import GOODS, Hearing, ProvenClock, StandingShelf
from simulators.simulation.judge import Judge
from simulators.simulation.office import LOT, SELLER
from simulators.simulation.oracle import Oracle

JOURNAL_BYTES = 24_576
"""Small, so that a morning without a network fills it and the rules for a full flash are lived through as well."""

BOOT = {"software": "simulation", "security_version": 1, "cause": 1, "model": "CX-S15"}
SALE_GRAMS = 500
SALE = {
    "net_grams": SALE_GRAMS,
    "tare_grams": 0,
    "price_fen_per_kg": 3600,
    "amount_fen": 1800,
    "plu": 1,
    "lot": LOT,
    "weighing_back": 1,
}
WEIGHING = {"gross_grams": SALE_GRAMS, "tare_grams": 0, "tare_mode": 0, "net_grams": SALE_GRAMS, "e_grams": 5}


class Clock:
    """The board's clock: the world's, wrong by ``offset_ms``."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.offset_ms = 0

    def now_ms(self) -> int:
        """Return what this board believes."""
        return self._world.now_ms() + self.offset_ms

    def set_ms(self, unix_ms: int) -> None:
        """Believe something else from now on."""
        self.offset_ms = unix_ms - self._world.now_ms()

    def ticks_ms(self) -> int:
        """Return the milliseconds of a counter that nobody sets."""
        return round(self._world.loop.time() * 1000)


class Nvram:
    """What the board keeps beside its flash: no power cut and no old image of the flash changes it."""

    def __init__(self) -> None:
        self._content = b""

    def read(self) -> bytes:
        """Return what was written last."""
        return self._content

    def write(self, content: bytes) -> None:
        """Replace it."""
        self._content = content


class Link:
    """The device's MQTT client as its publisher knows it; the link comes and goes."""

    def __init__(self, world: World, air: Air, gateway: str) -> None:
        self._world = world
        self._air = air
        self.gateway = gateway
        self._heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self.is_online = False

    def hear(self, topic: str, payload: bytes) -> None:
        """Take a message from the air; ``run`` passes it on in its turn."""
        self._heard.put_nowait((topic, payload))

    async def run(self, on_message: Callable[[str, bytes], None]) -> None:
        """Hand over what came, one by one."""
        while True:
            on_message(*await self._heard.get())

    async def publish(self, topic: str, sealed: bytes) -> None:
        """Return when the broker has acknowledged; ``Unavailable`` when the link broke, before or after it took it."""
        await self._world.pause(1, 30)
        if self.is_online:
            self._air.send(self.gateway, topic, sealed)
        if not self.is_online or self._world.happens("link breaks"):
            self.is_online = False
            raise Unavailable("mqtt.closed")


class Device:
    """One device's whole life; ``live`` never ends by itself."""

    def __init__(self, world: World, air: Air, oracle: Oracle, node: Node, directory: Path, *, judge: Judge) -> None:
        self.node = node
        self._judge = judge
        self._world = world
        self._air = air
        self._oracle = oracle
        self._directory = directory
        self._clock = Clock(world)
        self.nvram_type = Nvram
        self._nvram: Nvram | None = None
        self._is_reachable = False
        directory.mkdir(parents=True)
        firmware.journal.create(str(directory / "journal"))
        (directory / firmware.plu.FILE_NAME).write_bytes(cbor.encode(GOODS))
        self.shelf_type = StandingShelf
        self.publisher_type: Any = firmware.publisher.Publisher
        self.keepers: list[tuple[int, p256.VerifyingKey]] = []
        self.gateways: list[str] = []

    async def live(self) -> None:
        """Be switched on, be unplugged, be switched on again."""
        while True:
            try:
                await self._powered()
            except* PowerCut:
                self._is_reachable = False
                self._air.listen(self.node.name, None)
                self._meddle()
            await self._world.pause(200, 20_000)

    @property
    def is_settled(self) -> bool:
        """Tell whether nothing waits on this device any more."""
        return self._is_reachable and (self._journal.is_set_back or (self._publisher.pending == 0 and self.is_told))

    @property
    def is_told(self) -> bool:
        """Tell whether this device does as the cloud said last."""
        return self._judge.follows(self.node.name, self._hearing)

    def finish(self) -> None:
        """After the calm: whoever still seals does as the cloud said last."""
        if not self._journal.is_set_back:
            self._judge.require_follows(self.node.name, self._hearing)

    async def _powered(self) -> None:
        self._start()
        self._world.note(self.node.name, f"on, at number {self._journal.next_seq}")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publisher.run(self._link))
            tasks.create_task(self._link.run(self._hearing.downlink.hear))
            tasks.create_task(self._connect())
            tasks.create_task(self._trade())
            tasks.create_task(self._lose_power())

    def _start(self) -> None:
        """Recover from flash, as a board does; nothing of the life before is in memory."""
        self._link = Link(self._world, self._air, self._world.random.choice(self.gateways))
        self._journal = _CutJournal(self._world, self._oracle, self.node.name, str(self._directory / "journal"))
        self._oracle.on_flash(self.node.name, self._journal.oldest_seq, self._journal.next_seq)
        self._nvram = self._nvram or self.nvram_type()
        mark = firmware.mark.Mark(self._nvram, self.node.kid)
        root = str(self._directory)
        clock = ProvenClock(self._world, self._judge, self._clock, root)
        self._history = firmware.history.History(self._journal, self.node.key, clock, BOOT, mark)
        clock.start(self._history)
        self._publisher = self.publisher_type(
            self._journal, self.node.kid, self.keepers, topics.up(self.node.name), clock.ticks_ms, clock.first_seq
        )
        downlink = firmware.downlink.Downlink(root, self.node.kid, self.keepers, clock, self._history, self._publisher)
        downlink.shelf = self.shelf_type(self._world, self._judge, self.node.name, root)
        self._publisher.on_tick = downlink.settle
        self._hearing = Hearing(self._world, downlink, root, self._history)

    async def _trade(self) -> None:
        """Sell now and then; a full journal refuses sales, and that is right."""
        while True:
            await self._world.pause(500, 15_000)
            if self._world.is_calm:
                continue
            if self._world.happens("clock jumps"):
                self._clock.offset_ms += self._world.random.choice((-86_400_000, -5_000, 5_000, 86_400_000))
            try:
                self._hearing.stops.require_seller(SELLER)
                self._hearing.lots.require_sellable(LOT, SALE_GRAMS)
                self._history.write([(record.WEIGHING, WEIGHING), (record.SALE, SALE)])
                self._hearing.lots.sold(LOT, SALE_GRAMS)
            except (Rejected, Unavailable) as refusal:
                self._world.note(self.node.name, f"no sale: {refusal.code}")
            self._publisher.wake()

    async def _connect(self) -> None:
        """Come online and go offline; with two gateways in reach, at the other one now and then."""
        while True:
            await self._world.pause(100, 2_000)
            self._roam()
            if not self._air.reaches(self._link.gateway):
                continue
            self._link.is_online = self._is_reachable = True
            self._air.listen(self.node.name, self._link.hear)
            self._publisher.went_online()
            self._air.send(self._link.gateway, "subscribed", self.node.name.encode())
            while self._link.is_online:
                await self._world.pause(1_000, 10_000)
                is_there = self._air.reaches(self._link.gateway)
                self._link.is_online &= is_there and not self._world.happens("network lost")
            self._air.listen(self.node.name, None)
            if not self._world.is_calm:
                await self._world.pause(1_000, 120_000)

    def _roam(self) -> None:
        """Turn to another gateway when this one is silent, or for no reason."""
        others = [name for name in self.gateways if name != self._link.gateway]
        if others and (not self._air.reaches(self._link.gateway) or self._world.happens("device roams")):
            self._link.gateway = self._world.random.choice(others)
            self._world.note(self.node.name, f"turns to {self._link.gateway}")

    async def _lose_power(self) -> None:
        while True:
            await self._world.pause(10_000, 60_000)
            if self._world.happens("unplugged"):
                self._world.note(self.node.name, "unplugged")
                raise PowerCut(self.node.name)

    def _meddle(self) -> None:
        """While it is off, somebody may copy its flash, or put an old copy back."""
        image = self._directory.with_suffix(".image")
        if image.exists() and self._world.happens("image put back"):
            shutil.rmtree(self._directory)
            shutil.copytree(image, self._directory)
            self._world.note(self.node.name, "an old image of the flash is put back")
            self._oracle.robbed(self.node.name)
            self._judge.robbed(self.node.name)
        elif self._world.happens("image copied"):
            shutil.copytree(self._directory, image, dirs_exist_ok=True)


class _CutJournal(firmware.journal.Journal):  # type: ignore[misc]  # device code is checked on its own
    """The journal, with power cuts on either side of every commit, heard by the oracle."""

    def __init__(self, world: World, oracle: Oracle, device: str, path: str) -> None:
        self._world, self._oracle, self._device = world, oracle, device
        super().__init__(path, JOURNAL_BYTES)

    def append(self, sealed_records: list[bytes], audit: bool = False) -> None:
        self._world.maybe_cut(self._device, "before a record")
        first_seq = self.next_seq
        super().append(sealed_records, audit)
        self._oracle.journaled(self._device, first_seq, sealed_records)
        self._oracle.on_flash(self._device, self.oldest_seq, self.next_seq)
        self._world.maybe_cut(self._device, "after a record")

    def release(self, seq_from: int, seq_to: int, head: bytes) -> int:
        is_running_out = self.state in (firmware.journal.NEARLY_FULL, firmware.journal.FULL)
        before = self.released_to
        freed: int = super().release(seq_from, seq_to, head)
        self._oracle.released(self._device, range(before + 1, self.released_to + 1), is_running_out)
        self._oracle.on_flash(self._device, self.oldest_seq, self.next_seq)
        self._world.maybe_cut(self._device, "after a release")
        return freed

    def _gather(self) -> None:
        super()._gather()
        self._world.maybe_cut(self._device, "after gathering")
