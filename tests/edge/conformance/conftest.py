"""One running site for every test module, once behind each broker: what holds here may be relied on with either."""

from collections.abc import Iterator

import pytest

from edge.config import BROKERS
from tests.edge.site import Site

DEVICES = [f"scale-{number:04}" for number in range(1, 21)]
UNHURRIED = 1_000_000
"""Packets a second: these tests measure no pace."""


@pytest.fixture(scope="module", params=BROKERS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A gateway and its broker as processes of their own; every test of a module uses devices of its own."""
    devices = dict.fromkeys(DEVICES, "active") | {"scale-gone": "revoked", "scale-odd": "quarantined"}
    directory = tmp_path_factory.mktemp(request.param)
    made = Site(directory, devices, broker=request.param, device_packets_per_second=UNHURRIED)
    with made.gateway():
        yield made
