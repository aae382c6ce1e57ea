"""The scale that ships, behind Mosquitto: it trades, the broker is killed, it is revoked; nothing is lost."""

import asyncio
import random
from collections.abc import Iterator

import pytest
from tracewire import cose, record

from simulators import accounting, upstream
from simulators.market import Vendor
from simulators.printer import Printer
from simulators.scale_process import ScaleProcess
from simulators.site import STALLS, Site
from simulators.upstream import UpstreamDevice

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]
STALL = STALLS[0]


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A whole site as the commands make it, with Mosquitto, running."""
    directory = tmp_path_factory.mktemp("site") / "market"
    with Site.create(directory, lambda _: None, STALLS[:1], broker="mosquitto") as built, built.mosquitto:
        built.cloud.start()
        built.gateway.start()
        yield built


def origin(site: Site) -> str:
    """State where the meat comes from; return the stall's lot."""
    names = ("farm-0001", "line-0001", "hall-0001")
    farm, line, hall = (UpstreamDevice(site.node(name), "localhost", site.mqtt_port) for name in names)
    with farm, line, hall:
        lots = upstream.tell_origin(farm, line, hall, [STALL.seller_code])
        for node in (farm, line, hall):
            node.wait_until_settled(60)
    return lots[STALL.seller_code]


def test_a_scale_trades_through_a_killed_broker_until_it_is_revoked(site: Site) -> None:
    async def story(lot: str) -> list[bytes]:
        scale = ScaleProcess(site.image, site.flash(STALL), cell=STALL.cell)
        vendor = Vendor(STALL, lot, scale, random.Random(5))
        try:
            await vendor.open_stall()
            await vendor.serve()
            await asyncio.to_thread(site.mosquitto.kill)
            await vendor.serve()
            await asyncio.to_thread(site.mosquitto.start)
            await scale.wait_until(lambda: "link" in scale.lamps and "pending" not in scale.lamps, 90)
            await asyncio.to_thread(revoke, site)
            await scale.wait_until(lambda: "link" not in scale.lamps, 30)
        finally:
            await scale.stop()
        return vendor.slips

    slips = asyncio.run(story(origin(site)))
    sold = [accounting.sealed_in_url(Printer().render(slip).codes[0][0]) for slip in slips]
    rows = [row.sealed for row in accounting.read_ledger(site.url)]
    assert [rows.count(sale) for sale in sold] == [1, 1]
    told = [message.payload for message in map(cose.parse, rows) if message.kid == cose.parse(sold[0]).kid]
    assert [record.decode(payload).seq for payload in told] == list(range(1, len(told) + 1))


def revoke(site: Site) -> None:
    """Revoke the scale and bring the lists to gateway and cloud, as a person would."""
    authority = ["--ca", str(site.directory / "ca")]
    site.chengxin("device", "revoke", STALL.scale, *authority, "--from-seq", "1000000", "--reason", "stolen")
    for name in ("cloud-01", "gateway-01"):
        site.chengxin("ca", "export", *authority, "--out", str(site.node(name)))
