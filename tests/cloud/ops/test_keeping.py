"""Who has which device, and how a fault goes on: every step by somebody, none changed, none by the wrong hands."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import insert, select, update
from tracewire import record
from tracewire.kinds_console import TICKET_STATES
from tracewire.vocabulary import DECISIONS, FINDINGS, VISITS

from cloud.accounts import guard
from cloud.accounts import store as accounts
from cloud.app import every_projection
from cloud.console.sealing import Sealer
from cloud.ledger import store
from cloud.ledger.entry import open_row
from cloud.ops import keeping, unsealed
from cloud.ops.fleet import Scope
from cloud.ops.tickets import Tickets
from cloud.projections import Projections
from tests.cloud.conftest import CloudUnderTest, listener
from tests.cloud.console import desk_key
from tests.cloud.market import SELLER, Market
from tests.cloud.ops.conftest import SignIn
from tests.cloud.web.conftest import OpenPage, assert_accessible

Seal = Callable[[], None]

EVIL = "<img src=x onerror=alert(1)>"


def post(client: httpx.Client, path: str, **fields: object) -> httpx.Response:
    """Post a form as the page that shows it would."""
    shown = client.get(path.removesuffix("/tickets").removesuffix("/assets"))
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', shown.text)
    assert token is not None
    return client.post(path, data={"csrf": token[1], **fields})


def client_of(cloud: CloudUnderTest, token: str) -> httpx.Client:
    return httpx.Client(base_url=cloud.url, timeout=30, cookies={guard.SESSION: token})


@pytest.fixture
def sealer(cloud: CloudUnderTest, market: Market, tmp_path: Path) -> Seal:
    """Return a function that seals what waits and brings it into the projections."""
    desk = desk_key.enrol(tmp_path / "console-01", cloud, market)

    def seal() -> None:
        Sealer(cloud.cloud.accounts, cloud.cloud.stores.projections, desk, listener("ingest").url).turn()
        cloud.catch_up()

    return seal


def kept(cloud: CloudUnderTest) -> dict[str, list[tuple[object, ...]]]:
    with cloud.cloud.stores.projections.reader.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in keeping.TABLES.sorted_tables
        }


def test_a_fault_is_reported_dispatched_fixed_and_confirmed_by_somebody_else(
    cloud: CloudUnderTest, as_ops: httpx.Client, sign_in: SignIn, sealer: Seal
) -> None:
    opener = client_of(cloud, sign_in("market_opener", site="第八市场"))
    made = post(opener, "/ops/devices/scale-0001/tickets", note="打印机不出纸")
    way = made.headers["location"]
    assert made.status_code == 303
    assert "待签名" in opener.get("/ops/tickets").text
    assert post(as_ops, way, step=2, state="fixed").json()["code"] == "ticket.state"
    assert post(as_ops, way, step=2, state="dispatched", note="老王去").status_code == 303
    late = post(opener, way, step=2, state="dispatched")
    assert (late.status_code, late.json()["code"]) == (409, "ticket.moved")
    sealer()
    assert post(as_ops, way, step=3, state="fixed", note="换打印头").status_code == 303
    assert post(as_ops, way, step=4, state="confirmed").json()["code"] == "ticket.own"
    assert post(opener, way, step=4, state="confirmed").status_code == 303
    sealer()
    found = Tickets(cloud.cloud.stores.projections, cloud.cloud.accounts).find(Scope(), way.rpartition("/")[2])
    assert [(step.state, step.account, step.note, step.seq) for step in found.steps] == [
        ("reported", "market-opener", "打印机不出纸", 1),
        ("dispatched", "ops", "老王去", 2),
        ("fixed", "ops", "换打印头", 3),
        ("confirmed", "market-opener", "", 4),
    ]
    elsewhere = client_of(cloud, sign_in("regulator", region="11"))
    assert elsewhere.get(way).status_code == 404
    assert elsewhere.get("/ops/tickets").text.count(way) == 0
    page = as_ops.get("/ops/tickets?state=confirmed").text
    assert (page.count(way), "待签名" in page) == (1, False)


def test_a_step_of_somebody_who_may_no_longer_is_shown_as_refused_and_does_not_count(
    cloud: CloudUnderTest, as_ops: httpx.Client, sign_in: SignIn, sealer: Seal
) -> None:
    way = post(as_ops, "/ops/devices/scale-0001/tickets", note="不归零").headers["location"]
    opener = client_of(cloud, sign_in("market_opener", site="第八市场"))
    assert post(opener, way, step=2, state="dispatched").status_code == 303
    with cloud.cloud.accounts.alone() as connection:
        moved = update(accounts.accounts).where(accounts.accounts.c.name == "market-opener")
        connection.execute(moved.values(role="seller", site="", seller=SELLER))
    sealer()
    page = as_ops.get(way).text
    assert ("未签名" in page, page.count("已签名")) == (True, 1)
    assert post(as_ops, way, step=2, state="dispatched").json()["code"] == "ticket.moved"
    assert post(as_ops, way, step=3, state="dispatched").status_code == 303


def test_every_step_and_entry_is_in_the_ledger_and_a_rebuild_finds_them_again(
    cloud: CloudUnderTest, as_ops: httpx.Client, sealer: Seal
) -> None:
    way = post(as_ops, "/ops/devices/scale-0001/tickets", note="不归零").headers["location"]
    post(as_ops, way, step=2, state="dispatched")
    post(as_ops, "/ops/devices/scale-0001/assets", holder="林阿水", place="A12", since="2026-03-01")
    sealer()
    said = [open_row(row).body for row in cloud.rows(store.records)]
    name = way.rpartition("/")[2]
    steps = [(body["ticket"], body["step"], TICKET_STATES[body["state"]]) for body in said if "ticket" in body]
    assert steps == [(name, 1, "reported"), (name, 2, "dispatched")]
    assert (said[0]["site"], said[0]["division"], said[0]["note"]) == ("第八市场", "350200", "不归零")
    assert (said[2]["device"], said[2]["holder"], said[2]["place"]) == ("scale-0001", "林阿水", "A12")
    assert "verified_until_ms" not in said[2]
    assert b"ops" not in b"".join(row.sealed for row in cloud.rows(store.records))
    grown = kept(cloud)
    stores = cloud.cloud.stores
    derived = Projections(stores.ledger, stores.projections, every_projection())
    derived.rebuild(lambda _name, _count: None, derived.named(["keeping"]))
    assert kept(cloud) == grown
    assert [len(rows) for rows in grown.values()] == [1, 2, 1]


def test_steps_that_arrive_in_another_order_end_in_the_same_ticket(cloud: CloudUnderTest, market: Market) -> None:
    console = market.add("console-01", "console")
    cloud.publish_registry()
    told = {"ticket": "t", "device": "scale-0001", "entered_ms": 1}
    report = {**told, "step": 1, "state": 0, "note": "first", "site": "第八市场", "division": "350200"}
    for body in ({**told, "step": 3, "state": 2}, {**told, "step": 2, "state": 1}, report, {**report, "note": "again"}):
        market.say(console, record.TICKET, {**body, "account": bytes(32)})
    cloud.deliver(market.envelope())
    cloud.catch_up()
    (row,) = kept(cloud)["keeping_tickets"]
    assert ("fixed" in row, "第八市场" in row, len(kept(cloud)["keeping_steps"])) == (True, True, 3)
    assert not any("again" in step for step in kept(cloud)["keeping_steps"])


def test_the_newest_entry_says_who_has_a_device_and_until_when_it_is_verified(
    cloud: CloudUnderTest, as_ops: httpx.Client, sign_in: SignIn, sealer: Seal
) -> None:
    for holder, until in (("林阿水", "2031-05-01"), ("陈美玉", "")):
        entry = {"holder": holder, "place": "A12", "since": "2026-03-01", "verified_until": until, "note": EVIL}
        assert post(as_ops, "/ops/devices/scale-0001/assets", **entry).status_code == 303
    assert "待签名" in as_ops.get("/ops/devices/scale-0001").text
    sealer()
    page = as_ops.get("/ops/devices/scale-0001").text
    assert "已签名 № 2" in page
    assert page.index("陈美玉") < page.index("林阿水")
    assert "2031-05-01" in page
    assert EVIL not in page
    assert "scale-0001" in as_ops.get("/ops", params={"q": "陈美玉"}).text
    assert "scale-0001" not in as_ops.get("/ops", params={"q": "林阿水"}).text
    inspector = client_of(cloud, sign_in("inspector", region="3502"))
    assert post(inspector, "/ops/devices/scale-0001/assets", holder="我").status_code == 403


def test_an_entry_that_was_sealed_as_a_sentence_is_read(
    cloud: CloudUnderTest, market: Market, as_ops: httpx.Client
) -> None:
    console = market.add("console-01", "console")
    cloud.publish_registry()
    for reason in (
        "asset scale-0001: held by 林阿水, at A12, since 2026-03-01, verified until 2031-05-01. 借, at all",
        "asset scale-0001: held by -, at -, since 2026-04-01, verified until -.",
        "assets are many",
    ):
        body = {"decision": DECISIONS.index("other"), "reason": reason, "account": bytes(32)}
        market.say(console, record.DECISION, body)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    rows = [row[5:] for row in kept(cloud)["keeping_assets"]]
    day_ms = 1_772_294_400_000
    assert rows == [("A12", "林阿水", day_ms, rows[0][3], "借, at all"), ("", "", day_ms + 31 * 86_400_000, None, "")]
    assert "在库" in as_ops.get("/ops/devices/scale-0001").text


def test_tickets_from_before_they_were_sealed_are_shown(cloud: CloudUnderTest, as_ops: httpx.Client) -> None:
    place = {"site": "第八市场", "division": "350200", "rule": "", "severity": "minor"}
    with cloud.cloud.stores.ledger.alone() as connection:
        connection.execute(insert(unsealed.tickets), {"id": 7, "device": "scale-0001", **place})
        step = {"ticket": 7, "step": 1, "state": "fixed", "at_ms": 1, "account": "ops", "note": "换头"}
        connection.execute(insert(unsealed.steps), step)
    page = as_ops.get("/ops/devices/scale-0001").text
    assert "№ 7 换头" in page


@pytest.mark.parametrize(
    ("path", "fields", "code"),
    [
        ("assets", {"since": "tomorrow"}, "asset.day"),
        ("assets", {"holder": "长" * 97}, "asset.text"),
        ("assets", {"note": "one\nother"}, "asset.text"),
        ("assets", {"holder": "长" * 40}, "asset.text"),
        ("assets", {"since": "1969-01-01"}, "asset.text"),
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


@pytest.mark.parametrize(("width", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_a_person_reports_a_fault_at_the_page(
    cloud: CloudUnderTest, open_page: OpenPage, sign_in: SignIn, sealer: Seal, width: str, scheme: str
) -> None:
    page = open_page(width, scheme)
    sign_in("ops", page)
    page.goto(f"{cloud.url}/ops/devices/scale-0001")
    page.locator("#fault").fill(EVIL)
    page.get_by_role("button", name="上报故障").click()
    expect(page.locator("main ol")).to_contain_text(EVIL)
    assert_accessible(page, "ticket")
    page.locator("#state").select_option("dispatched")
    page.get_by_role("button", name="登记").click()
    expect(page.locator("main ol li")).to_have_count(2)
    expect(page.locator("main ol")).to_contain_text("待签名")
    page.goto(f"{cloud.url}/ops/tickets")
    expect(page.locator("#waiting + ul")).to_contain_text("scale-0001")
    assert_accessible(page)
    sealer()
    page.goto(f"{cloud.url}/ops/tickets?state=dispatched")
    expect(page.locator("tbody")).to_contain_text("scale-0001")
    assert_accessible(page, "tickets")
