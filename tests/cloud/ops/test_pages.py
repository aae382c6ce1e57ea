"""The pages of the fleet in a browser, at both widths: what they show, live, and what is typed into them."""

import json
import re

import httpx
import pytest
from playwright.sync_api import Page, expect
from tracewire.credential import Credential

from cloud.accounts import guard
from cloud.ops import places
from cloud.ops.places import Place
from cloud.ops.tables import DAY_MS
from simulators.node import Node, now_ms
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market
from tests.cloud.ops.conftest import SignIn
from tests.cloud.ops.test_fleet_projection import HISTORY, audit
from tests.cloud.web.conftest import OpenPage, assert_accessible

EVIL = "<script>document.title='bent'</script>"
PATHS = {"/ops": "fleet", "/ops/map": "map", "/ops/devices/scale-0001": "device", "/ops/use": "use"}
"""Pages and their names in `docs/pages.md`."""
WHERE = {
    "第八市场": Place(24.4561, 118.0782),
    "夏商批发市场": Place(24.5130, 118.1180),
    "银祥肉联厂": Place(24.6410, 118.0937),
}


def tell_a_history(cloud: CloudUnderTest, market: Market) -> None:
    for kind, body in HISTORY:
        market.say(market.scale, kind, body)
    cloud.deliver(market.envelope())
    cloud.catch_up()


def quiet_page(open_page: OpenPage, width: str, scheme: str = "light") -> tuple[Page, list[str]]:
    """Return a page and what its console says: a policy that blocks something says so there."""
    page, said = open_page(width, scheme), list[str]()
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return page, said


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("width", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_every_page_can_be_read_by_everybody(
    cloud: CloudUnderTest, market: Market, open_page: OpenPage, sign_in: SignIn, path: str, width: str, scheme: str
) -> None:
    tell_a_history(cloud, market)
    if path == "/ops/map":
        cloud.stop()
        places.write(cloud.config.directory, WHERE)
        cloud.start()
    page, said = quiet_page(open_page, width, scheme)
    sign_in("ops", page)
    page.goto(f"{cloud.url}{path}")
    expect(page.locator("main")).to_contain_text("第八市场")
    if path == "/ops/map":
        expect(page.locator("#map path.leaflet-interactive")).to_have_count(len(WHERE))
    assert_accessible(page, PATHS[path])
    assert said == []


def test_an_opened_case_shows_without_anybody_loading_the_page_again(
    cloud: CloudUnderTest, market: Market, open_page: OpenPage, sign_in: SignIn
) -> None:
    cloud.deliver(market.envelope(market.health()))
    cloud.catch_up()
    page, said = quiet_page(open_page, "desk")
    sign_in("ops", page)
    page.goto(f"{cloud.url}/ops?show=tampered")
    expect(page.locator("#live.on")).to_be_visible()
    expect(page.locator("#fleet tbody")).not_to_contain_text("scale-0001")
    market.say(market.scale, *audit("case_opened", "case switch"))
    cloud.deliver(market.envelope())
    expect(page.locator("#fleet tbody")).to_contain_text("scale-0001", timeout=30_000)
    assert page.locator("#live").get_attribute("data-received") == "2"
    assert said == []


def test_a_stream_goes_on_where_it_broke_off(cloud: CloudUnderTest, market: Market, as_ops: httpx.Client) -> None:
    for node in (market.scale, market.line):
        cloud.deliver(market.envelope(market.health(node)))
    cloud.catch_up()

    def first_event(since: int) -> tuple[str, list[str]]:
        with as_ops.stream("GET", "/ops/events", headers={"Last-Event-ID": str(since)}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            seen = ""
            for line in answer.iter_lines():
                seen = line.removeprefix("id: ") if line.startswith("id: ") else seen
                if line.startswith("data: "):
                    return seen, json.loads(line.removeprefix("data: "))["devices"]
        raise AssertionError("the stream ended without an event")

    assert first_event(0) == ("2", ["rail-0001", "scale-0001"])
    assert first_event(1) == ("2", ["rail-0001"])
    assert as_ops.get("/ops/events", headers={"Last-Event-ID": "soon"}).status_code == 422


def test_a_market_sees_its_own_devices_and_a_seller_none(
    cloud: CloudUnderTest, market: Market, sign_in: SignIn
) -> None:
    tell_a_history(cloud, market)

    def status(path: str, token: str) -> int:
        return httpx.get(f"{cloud.url}{path}", cookies={guard.SESSION: token}).status_code

    opener = sign_in("market_opener", site="第八市场")
    elsewhere = sign_in("regulator", region="11")
    seller = sign_in("seller", seller="3502000019001")
    assert [status("/ops/devices/scale-0001", each) for each in (opener, elsewhere, seller)] == [200, 404, 403]
    assert [status("/ops/devices/rail-0001", each) for each in (opener, elsewhere, seller)] == [404, 404, 403]
    assert httpx.get(f"{cloud.url}/ops").status_code == 401


def test_script_in_every_field_is_text(
    cloud: CloudUnderTest, market: Market, open_page: OpenPage, sign_in: SignIn
) -> None:
    market.nodes.append(Node("scale-0002", code_base="3502000010008", site=EVIL, stall=EVIL, seller=EVIL))
    cloud.publish_registry()
    market.say(market.nodes[-1], *HISTORY[0])
    market.say(market.nodes[-1], *audit("rollback_detected", EVIL))
    market.say(market.nodes[-1], *audit("printer_fault", EVIL))
    cloud.deliver(market.envelope())
    cloud.catch_up()
    page, said = quiet_page(open_page, "desk")
    sign_in("ops", page)
    for path in ("/ops", "/ops/map", "/ops/use", "/ops/devices/scale-0002"):
        page.goto(f"{cloud.url}{path}")
        expect(page.locator("main")).to_contain_text(EVIL)
        assert page.title() != "bent"
    page.goto(f"{cloud.url}/ops")
    page.locator("#q").fill(EVIL)
    expect(page.locator("#fleet tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("q=%3Cscript"))
    assert page.title() != "bent"
    assert said == []


def test_charts_are_drawn_and_ten_years_at_one_second_are_widened(
    cloud: CloudUnderTest, market: Market, open_page: OpenPage, sign_in: SignIn, as_ops: httpx.Client
) -> None:
    tell_a_history(cloud, market)
    page, said = quiet_page(open_page, "desk")
    sign_in("inspector", page, region="3502")
    page.goto(f"{cloud.url}/ops/devices/scale-0001?hours=87840")
    expect(page.locator('[data-reading="zero_drift_grams"]')).to_have_attribute("data-points", "1")
    expect(page.locator("#step")).to_contain_text("604800")
    assert said == []
    now = now_ms()
    asked = {"from_ms": now - 10 * 366 * DAY_MS, "to_ms": now, "step_s": 1}
    found = as_ops.get("/ops/devices/scale-0001/readings", params=asked).json()
    assert found["widened"]
    assert found["readings"]["zero_drift_grams"][0][1:] == [2, 6.5, 11]
    assert sum(grams for _, _, grams in found["weighed"]["weighing"]) == 1500
    for bent in ({"to_ms": now - 11 * 366 * DAY_MS}, {"step_s": 0}, {"from_ms": 0}, {"to_ms": 2**63}):
        assert as_ops.get("/ops/devices/scale-0001/readings", params=asked | bent).status_code in {400, 422}


def test_the_list_goes_to_a_spreadsheet_as_it_was_chosen(
    cloud: CloudUnderTest, market: Market, as_ops: httpx.Client
) -> None:
    market.scale.credential = Credential(
        "scale-0001", "scale", market.scale.key.point, code_base="3502000010007", site="第八市场", stall="=1+1"
    )
    cloud.publish_registry()
    tell_a_history(cloud, market)
    everything = as_ops.get("/ops/fleet.csv").text.splitlines()
    assert [line.partition(",")[0] for line in everything] == ["\ufeffname", "rail-0001", "scale-0001", "term-0001"]
    assert ",'=1+1," in everything[2]
    assert len(as_ops.get("/ops/fleet.csv", params={"show": "tampered"}).text.splitlines()) == 2
    assert as_ops.get("/ops/fleet.csv", params={"show": "everything"}).status_code == 422


def test_use_counts_what_was_weighed_sold_and_left(cloud: CloudUnderTest, market: Market, as_ops: httpx.Client) -> None:
    lot = market.pork_for()
    for _ in range(3):
        market.sell(lot)
    market.say(market.scale, *HISTORY[1])
    cloud.deliver(market.envelope())
    cloud.catch_up()
    cells = as_ops.get("/ops/use").text.partition("<tbody>")[2].replace("</td>", "").split('<td class="number">')
    used = [cell.split("<")[0].strip() for cell in cells[1:]]
    assert used == ["1", "1", "4", "1", "3", "0", "3", "55.29"]
