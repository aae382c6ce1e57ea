"""One world from its seed: devices, gateways and a cloud, a stormy morning, then calm until everything has arrived.

run(seed=7, directory=Path("world"))      # raises nothing; look at `Outcome.broken`
"""

import asyncio
import functools
import gc
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tracewire import p256
from tracewire.receipt import CLOUD, GATEWAY

from cloud.ledger.schema import REVISIONS
from simulators.node import Node, Trust
from simulators.simulation.air import REPLAY, Air
from simulators.simulation.clockwork import START_MS, World
from simulators.simulation.cloud import LEDGER, CloudHouse
from simulators.simulation.derived import FAULT, DerivedHouse
from simulators.simulation.device import Device
from simulators.simulation.disks import lay
from simulators.simulation.gateway import LOST_FOR_GOOD, SHELF_LOST, GatewayHouse
from simulators.simulation.hearing import LOADED
from simulators.simulation.judge import Judge
from simulators.simulation.office import Office
from simulators.simulation.oracle import BrokenPromise, Oracle

STORM_SECONDS = (60, 400)
PATIENCE_SECONDS = 3 * 3600
"""How long everything may take to arrive once nothing fails any more: settlements are asked for again each hour."""

ODDS = {
    "message lost": 0.05,
    "message doubled": 0.05,
    "message late": 0.03,
    "link breaks": 0.03,
    "network lost": 0.15,
    "line down": 0.25,
    "envelope doubled": 0.05,
    "answer lost": 0.1,
    "power cut": 0.004,
    FAULT: 0.1,
    "unplugged": 0.3,
    "clock jumps": 0.03,
    "image copied": 0.6,
    "image put back": 0.5,
    "device roams": 0.3,
    LOST_FOR_GOOD: 0.3,
    SHELF_LOST: 0.2,
    REPLAY: 0.5,
    LOADED: 0.3,
}
"""The odds of an ordinary storm; each world weighs them anew."""


@dataclass(frozen=True)
class Outcome:
    """What became of one world; ``broken`` is the promise that did not hold, "" when all held."""

    seed: int
    broken: str
    signed: int
    acted: int
    """Statements that devices acted on."""
    seconds: float
    """Simulated."""
    events: tuple[str, ...]


class County:
    """The houses of one world, on disks under ``directory``."""

    def __init__(self, seed: int, directory: Path) -> None:
        chance = random.Random(seed)
        self.world = World(seed, {name: odds * chance.choice((0, 0.5, 1, 2)) for name, odds in ODDS.items()})
        self.oracle = Oracle(self.world)
        self.air = Air(self.world)
        nodes = [Node(f"scale-{number:04}", "scale", _secret(chance)) for number in range(1, chance.randint(2, 4))]
        gateways = [
            Node(f"gateway-{number:02}", "gateway", _secret(chance)) for number in range(1, chance.randint(2, 3))
        ]
        cloud = Node("cloud-01", "cloud", _secret(chance))
        trust = Trust(START_MS)
        self.judge = judge = Judge(self.oracle, _verifier(cloud), {node.name: node.kid for node in nodes})
        bundle = trust.bundle([*nodes, *gateways, cloud])
        for house in ("cloud", *(gateway.name for gateway in gateways)):
            (directory / house).mkdir(parents=True)
            (directory / house / "registry.cose").write_bytes(bundle)
        lay(directory / "cloud" / LEDGER, REVISIONS)
        self.gateways = [
            GatewayHouse(self.world, self.air, node, directory / node.name, trust.root_point) for node in gateways
        ]
        self.cloud = CloudHouse(self.world, self.oracle, cloud.key, directory / "cloud", trust.root_point, judge=judge)
        self.office = Office(self.world, self.cloud, judge, [node.name for node in nodes])
        self.derived = DerivedHouse(self.world, self.oracle, directory / "cloud")
        for each in self.gateways:
            each.wire = self.cloud.line(each.name)
        for each in self.gateways[1:]:
            each.on_lost = self.oracle.burned
        self.oracle.gateway_holds = lambda device, seq: any(each.holds(device, seq) for each in self.gateways)
        keepers = [*((GATEWAY, _verifier(gateway)) for gateway in gateways), (CLOUD, _verifier(cloud))]
        self.devices = [
            Device(self.world, self.air, self.oracle, node, directory / node.name, judge=judge) for node in nodes
        ]
        for device in self.devices:
            device.keepers = keepers
            device.gateways = [gateway.name for gateway in gateways]

    async def live(self) -> None:
        """Storm, calm, and the last judgement; ends with ``BrokenPromise`` at the first promise that fails."""
        houses = [
            *(gateway.live() for gateway in self.gateways),
            self.derived.live(),
            self.office.live(),
            self.air.replay(),
            *(device.live() for device in self.devices),
        ]
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(house) for house in houses]
            await self.world.pause(*(1000 * seconds for seconds in STORM_SECONDS))
            self.world.is_calm = True
            self.world.note("world", "calm")
            await self._until_settled()
            for house in running:
                house.cancel()

    async def _until_settled(self) -> None:
        give_up = self.world.loop.time() + PATIENCE_SECONDS
        while self.world.loop.time() < give_up and not self._is_settled():
            await asyncio.sleep(5)
        self.oracle.finish()
        for device in self.devices:
            device.finish()
        self.oracle.require(self._is_settled(), "everything arrived, and somebody still waits")
        self.derived.finish()

    def _is_settled(self) -> bool:
        has_arrived = self.oracle.unsettled == 0 and all(gateway.is_settled for gateway in self.gateways)
        return has_arrived and all(device.is_settled for device in self.devices)


def as_it_is(_county: County) -> None:
    """Plant nothing."""


def run(seed: int, directory: Path, prepare: Callable[[County], None] = as_it_is) -> Outcome:
    """Live one world under ``directory``, which is made and removed; ``prepare`` may plant a bug first."""
    _spare_the_libraries()
    county = County(seed, directory)
    prepare(county)
    asyncio.set_event_loop(county.world.loop)
    try:
        county.world.loop.run_until_complete(county.live())
    except* BrokenPromise:
        pass
    finally:
        county.cloud.close()
        county.derived.close()
        asyncio.set_event_loop(None)
        county.world.loop.close()
        shutil.rmtree(directory)
    world = county.world
    return Outcome(
        seed, county.oracle.broken, county.oracle.signed, county.judge.acts, world.loop.time(), tuple(world.events)
    )


@functools.cache
def _spare_the_libraries() -> None:
    """Keep what is loaded once out of every sweep of the heap; what a world leaves behind is swept."""
    gc.freeze()


def _secret(chance: random.Random) -> bytes:
    return p256.new_secret(chance.randbytes)


def _verifier(node: Node) -> p256.VerifyingKey:
    return p256.VerifyingKey(node.key.point)
