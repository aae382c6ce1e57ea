"""Everything is killed at random and both networks misbehave while devices publish; nothing is lost.

Once with what is embedded: broker, SQLite, projections. Once with Mosquitto, PostgreSQL and projections of their own.

CHENGXIN_FORCE_FAULTS=200 makes it a soak test; CHENGXIN_FORCE_SEED=7 repeats a run's choice of faults.
"""

import logging
import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tracewire import record

from edge.config import BROKERS, MOSQUITTO
from simulators.postgres import PostgresServer
from simulators.upstream import UpstreamDevice
from tests.force.ground import Ground

log = logging.getLogger(__name__)

FAULTS = int(os.environ.get("CHENGXIN_FORCE_FAULTS", "12"))
SEED = int(os.environ.get("CHENGXIN_FORCE_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
PAUSE_S = 0.05
"""Between two records of one device."""


def keep_stating(device: UpstreamDevice, stop: threading.Event) -> None:
    """State one record after the other until told to stop."""
    while not stop.wait(PAUSE_S):
        device.state(record.CLOCK, {"before_ms": 1, "source": 1})


def faults(ground: Ground) -> dict[str, Callable[[], None]]:
    """Return everything that can happen here; what was killed is started again."""

    def killed(service: str) -> Callable[[], None]:
        def kill() -> None:
            getattr(ground, service).kill()
            getattr(ground, service).start()

        return kill

    happenings = {
        "gateway killed": killed("gateway"),
        "cloud killed": killed("cloud"),
        "devices reset": ground.wire.reset,
        "devices half open": ground.wire.silence,
        "devices slow": lambda: ground.wire.slow(20_000, 0.02),
        "devices fast": lambda: ground.wire.slow(0),
        "cloud line reset": ground.uplink.reset,
        "cloud line half open": ground.uplink.silence,
        "cloud line slow": lambda: ground.uplink.slow(20_000, 0.05),
    }
    if ground.mosquitto is not None:
        happenings["broker killed"] = killed("mosquitto")
    if ground.postgres is not None:
        happenings["database killed"] = killed("postgres")
        happenings["projections killed"] = killed("projecting")
    return happenings


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.remove()


@pytest.mark.parametrize("broker", BROKERS)
def test_whatever_dies_the_ledger_is_exactly_what_was_signed(
    request: pytest.FixtureRequest, tmp_path: Path, broker: str
) -> None:
    chance = random.Random(SEED)
    stop, happened = threading.Event(), []
    server = request.getfixturevalue("postgres") if broker == MOSQUITTO else None
    with Ground(tmp_path, broker, postgres=server) as ground:
        ground.start()
        stating = [threading.Thread(target=keep_stating, args=(device, stop)) for device in ground.devices]
        for thread in stating:
            thread.start()
        try:
            possible = faults(ground)
            order = [*chance.sample(sorted(possible), k=len(possible))] * (FAULTS // len(possible) + 1)
            for name in order[:FAULTS]:
                happened.append(name)
                possible[name]()
                stop.wait(chance.uniform(0.1, 0.8))
        finally:
            stop.set()
            for thread in stating:
                thread.join()
        ground.wire.slow(0)
        ground.uplink.slow(0)
        log.warning("CHENGXIN_FORCE_SEED=%s: %s", SEED, ", ".join(happened))  # shown when the test fails
        ground.settle()
