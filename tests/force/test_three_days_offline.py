"""Seventy-two hours without a line, on either side of the gateway; then everything drains, in order and once.

The clock is simulated, the records are made as fast as this machine seals them. CHENGXIN_FORCE_STEP_S=20 makes a record
every 20 simulated seconds of each device instead of every half hour.
"""

import os
from pathlib import Path

import pytest
from tracewire import record

from edge.config import BROKERS
from simulators.node import now_ms
from simulators.upstream import UpstreamDevice
from tests.force.ground import Ground

HOURS = 72
STEP_S = int(os.environ.get("CHENGXIN_FORCE_STEP_S", "1800"))
RECORDS = HOURS * 3600 // STEP_S


def live_through(device: UpstreamDevice, begin_ms: int) -> None:
    """State what a device says in three days, each record at its own simulated time."""
    for index in range(RECORDS):
        device.state(record.CLOCK, {"before_ms": 1, "source": 1}, begin_ms + index * STEP_S * 1000)


@pytest.mark.parametrize("broker", BROKERS)
def test_three_days_without_a_line_drain_when_it_is_back(tmp_path: Path, broker: str) -> None:
    begin_ms = now_ms() - HOURS * 3_600_000
    with Ground(tmp_path, broker, devices=4) as ground:
        without_cloud, without_gateway = ground.devices[:2], ground.devices[2:]
        ground.gateway.start()
        ground.connect(without_cloud)
        for device in ground.devices:
            live_through(device, begin_ms)
        held = RECORDS * len(without_cloud)
        ground.wait(lambda: ground.status()["outbox_records"] == held)
        assert ground.status()["receipts_outstanding"] == len(without_cloud)
        ground.gateway.kill()
        ground.gateway.start()
        assert ground.status()["outbox_records"] == held
        ground.cloud.start()
        ground.connect(without_gateway)
        ground.settle()
        assert ground.status()["records_forwarded"] == RECORDS * len(ground.devices)
