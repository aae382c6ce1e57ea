"""A lot is recalled at the console's page, and the scale that sold it a minute ago refuses it."""

import asyncio
import csv
import random
from pathlib import Path

import pytest
from tracewire.errors import Unavailable

from simulators import upstream
from simulators.market import Vendor
from simulators.scale_process import ScaleProcess
from simulators.site import CONSOLE, MARKET, STALLS, Site
from simulators.upstream import UpstreamDevice
from tests.journeys.deciding import decide_by_hand

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]
STALL = STALLS[0]
NEWS = "批次冻结名单已更新"
PROMISED_S = 60
"""How soon a scale on line must refuse."""


def test_a_recalled_lot_is_sold_no_more_and_every_sale_of_it_is_listed(tmp_path: Path) -> None:
    with Site.create(tmp_path / "site", say=lambda _: None, stalls=STALLS[:1]) as site:
        site.cloud.start()
        site.gateway.start()
        site.console.start()
        lot = _origin(site)
        asyncio.run(_recall_while_selling(site, lot))
        told = site.chengxin("recall", "report", lot, "--url", site.url, "--csv", str(tmp_path / "recall.csv"))
        assert "2 sales written" in told
        with (tmp_path / "recall.csv").open(encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
        assert [row["lot"] for row in rows] == [lot, lot]
        site.cloud.stop()
        with pytest.raises(Unavailable, match="the decision is kept"):
            _decide(site, "release", lot)


async def _recall_while_selling(site: Site, lot: str) -> None:
    scale = ScaleProcess(site.image, site.flash(STALL), cell=STALL.cell)
    vendor = Vendor(STALL, lot, scale, random.Random(3))
    try:
        await vendor.open_stall()
        await vendor.serve()
        await asyncio.to_thread(_recall_by_hand, site, lot)
        await scale.wait_for_text(NEWS, PROMISED_S)
        assert await vendor.offer() is None
        told = await asyncio.to_thread(_decide, site, "release", lot)
        assert "It is in the ledger" in told
        await scale.wait_for_text(NEWS, PROMISED_S)
        assert await vendor.offer() is not None
        await scale.wait_until(lambda: {"link"} <= scale.lamps and "pending" not in scale.lamps, 60)
    finally:
        await scale.stop()


def _recall_by_hand(site: Site, lot: str) -> None:
    """Let the market's opener look at the lot and confirm its recall."""
    password = site.open_account("lin", "market_opener", "--site", MARKET)
    decide_by_hand(site, "lin", password, f"lots/{lot}", "召回")


def _decide(site: Site, word: str, lot: str) -> str:
    console, cloud = str(site.node(CONSOLE[0])), f"https://localhost:{site.ingest_port}"
    return site.chengxin("recall", word, lot, "--reason", "抽检不合格", "--console", console, "--cloud", cloud)


def _origin(site: Site) -> str:
    names = ("farm-0001", "line-0001", "hall-0001")
    farm, line, hall = (UpstreamDevice(site.node(name), "localhost", site.mqtt_port) for name in names)
    with farm, line, hall:
        lots = upstream.tell_origin(farm, line, hall, [STALL.seller_code])
        for node in (farm, line, hall):
            node.wait_until_settled(60)
    return lots[STALL.seller_code]
