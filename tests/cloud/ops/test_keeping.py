"""Who has which device, and how a fault goes on: every step by somebody, none changed, none by the wrong hands."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from tracewire import record
from tracewire.vocabulary import DECISIONS, FINDINGS, VISITS

from cloud.accounts import guard
from cloud.console.sealing import Sealer
from cloud.ledger import store
from cloud.ledger.entry import open_row
from cloud.ops import tickets
from tests.cloud.conftest import CloudUnderTest, listener
from tests.cloud.console import desk_key
from tests.cloud.market import SELLER, Market
from tests.cloud.ops.conftest import SignIn
from tests.cloud.web.conftest import OpenPage, assert_accessible

EVIL = "<img src=x onerror=alert(1)>"


def post(client: httpx.Client, path: str, **fields: object) -> httpx.Response:
    """Post a form as the page that shows it would."""
    shown = client.get(path.removesuffix("/tickets").removesuffix("/assets"))
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', shown.text)
    assert token is not None
    return client.post(path, data={"csrf": token[1], **fields})


def client_of(cloud: CloudUnderTest, token: str) -> httpx.Client:
    return httpx.Client(base_url=cloud.url, timeout=30, cookies={guard.SESSION: token})


def test_a_fault_is_reported_dispatched_fixed_and_confirmed_by_somebody_else(
    cloud: CloudUnderTest, as_ops: httpx.Client, sign_in: SignIn
) -> None:
    opener = client_of(cloud, sign_in("market_opener", site="第八市场"))
    made = post(opener, "/ops/devices/scale-0001/tickets", note="打印机不出纸")
    way = made.headers["location"]
    assert (made.status_code, way) == (303, "/ops/tickets/1")
    assert post(as_ops, way, step=2, state="fixed").json()["code"] == "ticket.state"
    assert post(as_ops, way, step=2, state="dispatched", note="老王去").status_code == 303
    late = post(opener, way, step=2, state="dispatched")
    assert (late.status_code, late.json()["code"]) == (409, "ticket.moved")
    assert post(as_ops, way, step=3, state="fixed", note="换打印头").status_code == 303
    assert post(as_ops, way, step=4, state="confirmed").json()["code"] == "ticket.own"
    assert post(opener, way, step=4, state="confirmed").status_code == 303
    with cloud.cloud.stores.ledger.reader.connect() as connection:
        history = [(step.state, step.account, step.note) for step in tickets.steps(connection, 1)]
    assert history == [
        ("reported", "market-opener", "打印机不出纸"),
        ("dispatched", "ops", "老王去"),
        ("fixed", "ops", "换打印头"),
        ("confirmed", "market-opener", ""),
    ]
    elsewhere = client_of(cloud, sign_in("regulator", region="11"))
    assert elsewhere.get(way).status_code == 404
    assert elsewhere.get("/ops/tickets").text.count("/ops/tickets/1") == 0


def test_the_newest_entry_says_who_has_a_device_and_until_when_it_is_verified(
    cloud: CloudUnderTest, as_ops: httpx.Client, sign_in: SignIn
) -> None:
    for holder, until in (("林阿水", "2031-05-01"), ("陈美玉", "")):
        entry = {"holder": holder, "place": "A12", "since": "2026-03-01", "verified_until": until, "note": EVIL}
        assert post(as_ops, "/ops/devices/scale-0001/assets", **entry).status_code == 303
    page = as_ops.get("/ops/devices/scale-0001").text
    assert page.index("陈美玉") < page.index("林阿水")
    assert "2031-05-01" in page
    assert EVIL not in page
    assert "scale-0001" in as_ops.get("/ops", params={"q": "陈美玉"}).text
    assert "scale-0001" not in as_ops.get("/ops", params={"q": "林阿水"}).text
    inspector = client_of(cloud, sign_in("inspector", region="3502"))
    assert post(inspector, "/ops/devices/scale-0001/assets", holder="我").status_code == 403


def test_an_entry_is_sealed_by_the_console_with_what_it_says(
    cloud: CloudUnderTest, market: Market, as_ops: httpx.Client, tmp_path: Path
) -> None:
    desk = desk_key.enrol(tmp_path / "console-01", cloud, market)
    post(as_ops, "/ops/devices/scale-0001/assets", holder="林阿水", place="A12", since="2026-03-01")
    assert "待签名" in as_ops.get("/ops/devices/scale-0001").text
    Sealer(cloud.cloud.accounts, desk, listener("ingest").url).turn()
    assert "已签名 № 1" in as_ops.get("/ops/devices/scale-0001").text
    (row,) = cloud.rows(store.records)
    said = open_row(row).body
    assert said["decision"] == DECISIONS.index("other")
    assert said["reason"] == "asset scale-0001: held by 林阿水, at A12, since 2026-03-01, verified until -."


@pytest.mark.parametrize(
    ("path", "fields", "code"),
    [
        ("assets", {"since": "tomorrow"}, "asset.day"),
        ("assets", {"holder": "长" * 97}, "asset.text"),
        ("assets", {"note": "one\nother"}, "asset.text"),
        ("assets", {"holder": "长" * 40, "place": "长" * 40}, "asset.text"),
        ("tickets", {"note": ""}, "ticket.text"),
        ("tickets", {"note": "a\x1bb"}, "ticket.text"),
    ],
)
def test_what_cannot_stand_in_the_books_is_refused(
    cloud: CloudUnderTest, as_ops: httpx.Client, path: str, fields: dict[str, str], code: str
) -> None:
    answer = post(as_ops, f"/ops/devices/scale-0001/{path}", **fields)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert as_ops.post(f"/ops/devices/scale-0001/{path}", data=fields).json()["code"] == "account.form"


def test_a_patrol_that_an_inspector_sealed_stands_with_the_device_it_was_about(
    cloud: CloudUnderTest, market: Market, as_ops: httpx.Client
) -> None:
    market.card_in(market.pork_for())
    inspector = market.add("hand-0001", "handheld")
    cloud.publish_registry()
    body = {"visit": VISITS.index("patrol"), "subject": SELLER, "finding": FINDINGS.index("device_fault"), "note": EVIL}
    market.say(inspector, record.VISIT, body)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    page = as_ops.get("/ops/devices/scale-0001").text
    patrols = page.partition('id="patrols"')[2].partition("</section>")[0]
    assert "日常巡查" in patrols
    assert "设备故障" in patrols
    assert "hand-0001" in patrols
    assert EVIL not in page


@pytest.mark.parametrize(("width", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_a_person_reports_a_fault_at_the_page(
    cloud: CloudUnderTest, open_page: OpenPage, sign_in: SignIn, width: str, scheme: str
) -> None:
    page = open_page(width, scheme)
    sign_in("ops", page)
    page.goto(f"{cloud.url}/ops/devices/scale-0001")
    page.locator("#fault").fill(EVIL)
    page.get_by_role("button", name="上报故障").click()
    expect(page.locator("main ol")).to_contain_text(EVIL)
    assert_accessible(page)
    page.locator("#state").select_option("dispatched")
    page.get_by_role("button", name="登记").click()
    expect(page.locator("main ol li")).to_have_count(2)
    page.goto(f"{cloud.url}/ops/tickets?state=dispatched")
    expect(page.locator("tbody")).to_contain_text("scale-0001")
    assert_accessible(page)
