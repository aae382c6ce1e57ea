"""Every room of the console in a real browser, phone and desk."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from cloud.accounts import asked
from cloud.console.sealing import Sealer
from tests.cloud.conftest import CloudUnderTest, listener
from tests.cloud.console import desk_key
from tests.cloud.console.story import SELLER, Told, decide, tell
from tests.cloud.market import Market
from tests.cloud.people import PEOPLE, enter
from tests.cloud.web.conftest import OpenPage, assert_accessible

ROOMS = {
    "": "today",
    "/lots": "lots",
    "/lots/{lot}": "lot",
    "/lots/{lot}/decide?word=recall": "decide",
    "/sellers": "sellers",
    "/sellers/{seller}": "seller",
    "/sellers/{seller}/decide?word=block_card": "block-card",
    "/flags": "flags",
    "/recalls": "recalls",
    "/lots/00000000": "nothing-there",
}
"""Rooms and their names in `docs/pages.md`."""


@pytest.fixture
def told(cloud: CloudUnderTest, market: Market) -> Told:
    return tell(cloud, market)


@pytest.mark.parametrize(("width", "scheme"), [("phone", "light"), ("desk", "dark"), ("desk", "light")])
def test_every_room_can_be_used_by_everybody(
    cloud: CloudUnderTest, market: Market, told: Told, open_page: OpenPage, width: str, scheme: str
) -> None:
    decide(cloud, market, told, {"decision": 3, "lot": told.sourceless})
    decide(cloud, market, told, {"decision": 7, "subject": SELLER, "card": "04a1b2c3d4e5f6"})
    page = enter(open_page(width, scheme), cloud, PEOPLE["regulator"])
    for room, name in ROOMS.items():
        page.goto(f"{cloud.url}/console{room.format(lot=told.lot, seller=SELLER)}")
        assert_accessible(page, name)
    page.goto(f"{cloud.url}/console/flags?lang=en")
    assert "no source" in page.inner_text("main")
    page.goto(f"{cloud.url}/console")
    assert "Today" in page.inner_text("nav"), "the language stays"


@pytest.mark.parametrize(("width", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_a_recall_by_hand_shows_how_far_it_has_come(
    cloud: CloudUnderTest, market: Market, told: Told, open_page: OpenPage, tmp_path: Path, width: str, scheme: str
) -> None:
    market.nodes.remove(told.console)
    desk = desk_key.enrol(tmp_path / "console-01", cloud, market)
    page = enter(open_page(width, scheme), cloud, PEOPLE["market_opener"])
    page.goto(f"{cloud.url}/console/lots?q={told.lot}")
    page.locator("main table a").click()
    page.get_by_role("link", name="召回…").click()
    page.get_by_label("理由").fill("抽检不合格")
    page.get_by_role("button", name="确认召回").click()
    expect(page.locator("#progress")).to_contain_text("等待签名")
    with cloud.cloud.accounts.reader.connect() as connection:
        assert len(asked.waiting(connection, asked.ASKED, 2)) == 1
    Sealer(cloud.cloud.accounts, cloud.cloud.stores.projections, desk, listener("ingest").url).turn()
    expect(page.locator("#progress")).to_contain_text("并写入账本", timeout=20_000)
    assert page.locator("#progress").get_attribute("hx-get") is None, "it asks no more"
    assert_accessible(page, "decision")
