"""Refused records on a page: found by reason and device, within what an account sees, whatever their bytes are."""

import httpx
import pytest
from playwright.sync_api import expect
from tracewire import cose, record

from cloud.accounts import guard
from cloud.ingest.verify import MAY_SAY
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market
from tests.cloud.ops.conftest import SignIn
from tests.cloud.people import visitor
from tests.cloud.web.conftest import OpenPage, assert_accessible

CODE = "35020000100070000099"


def say_what_is_refused(cloud: CloudUnderTest, market: Market) -> None:
    """Let a stall's scale code a lot and take a sale back, the hall's terminal bend a bit, and nobody say nothing."""
    assert record.LOT not in MAY_SAY["scale"]
    lot = {"lot": CODE, "source": 2, "goods": "生猪", "place": "<script>", "division": "350821", "head_count": 1}
    bent = bytearray(market.wholesaler.seal(*_beat(market)))
    bent[-1] ^= 1
    answer = cloud.deliver(market.envelope(market.scale.seal(record.LOT, lot), bytes(bent), b"nothing"))
    assert answer.refused == {0: "role.source", 1: "cose.signature", 2: "cose.tag"}


def _beat(market: Market) -> tuple[int, dict[str, object]]:
    sealed = cose.parse(market.health(market.farm))
    decoded = record.decode(sealed.payload)
    return decoded.kind, decoded.body


@pytest.mark.parametrize(("width", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_they_can_be_read_by_everybody_who_may(
    cloud: CloudUnderTest, market: Market, open_page: OpenPage, sign_in: SignIn, width: str, scheme: str
) -> None:
    say_what_is_refused(cloud, market)
    page = open_page(width, scheme)
    sign_in("ops", page)
    page.goto(f"{cloud.url}/ops/refused?lang=en")
    assert_accessible(page, "refused")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("nobody we know")
    expect(rows.nth(0)).to_contain_text("no record")
    page.get_by_role("link", name="role.source").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(CODE)
    page.goto(f"{cloud.url}/ops/devices/scale-0001")
    page.get_by_role("link", name="Refused records").click()
    expect(rows).to_have_count(1)
    expect(page.locator("main")).to_contain_text("Of scale-0001 alone")


def test_a_market_sees_those_of_its_own_devices(cloud: CloudUnderTest, market: Market, sign_in: SignIn) -> None:
    say_what_is_refused(cloud, market)

    def page(**limits: str) -> str:
        token = sign_in("market_opener" if "site" in limits else "regulator", **limits)
        return httpx.get(f"{cloud.url}/ops/refused", cookies={guard.SESSION: token}).text

    own, elsewhere = page(site="第八市场"), page(region="11")
    assert CODE in own
    assert "term-0001" not in own
    assert CODE not in elsewhere
    assert "term-0001" not in elsewhere


def test_a_code_by_no_source_stands_with_the_flags(cloud: CloudUnderTest, market: Market) -> None:
    say_what_is_refused(cloud, market)
    with visitor(cloud, "regulator") as client:
        page = client.get("/console/flags?code=not_a_source").text
        assert CODE in page.replace("</span><span>", "")
        assert "scale-0001" in page
        assert "非源头赋码" in client.get("/console").text
    with visitor(cloud, "seller") as client:
        assert CODE not in client.get("/console/flags?code=not_a_source").text.replace("</span><span>", "")
