"""The room of labels: a form that seals what surely fits, and what became of a range; within a county."""

import secrets
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from tracewire import record

from cloud.accounts import asked
from cloud.accounts.account import Account
from cloud.accounts.asked import Wish
from cloud.codes import labels, ranges
from cloud.codes.ranges import Application, Person
from cloud.console.sealing import Sealer
from cloud.ledger import store
from cloud.ledger.entry import open_row
from simulators.node import now_ms
from tests.cloud.conftest import CloudUnderTest, listener
from tests.cloud.console import desk_key
from tests.cloud.market import Market
from tests.cloud.people import PEOPLE, enter, session_of, visitor
from tests.cloud.web.conftest import OpenPage, assert_accessible

COUNTY = "350200"
OPENER = Account("lin", "market_opener", site="第八市场")


@pytest.fixture
def desk(cloud: CloudUnderTest, market: Market, tmp_path: Path) -> Path:
    """Return a console's directory; range 1 of its county has 600 labels handed out, range 2 is another county's."""
    ledger = cloud.cloud.stores.ledger
    for number, (division, count) in enumerate(((COUNTY, 600), ("440100", 10)), 1):
        ranges.apply(ledger, Application("河田合作社", division, "26", 1_000, "生猪"), Person("zhang", 1))
        ranges.review(ledger, number, Person("li", 2), approve=True)
        ranges.allot(ledger, number)
        ranges.issue(ledger, number, count, "scale-0001", Person("li", now_ms()))
    return desk_key.enrol(tmp_path / "console-01", cloud, market)


@pytest.fixture
def lot(cloud: CloudUnderTest, market: Market) -> str:
    lot = market.pork_for()
    market.sell(lot)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    return lot


def seal(cloud: CloudUnderTest, desk: Path) -> None:
    Sealer(cloud.cloud.accounts, cloud.cloud.stores.projections, desk, listener("ingest").url).turn()
    cloud.catch_up()


def post(client: httpx.Client, **form: str) -> httpx.Response:
    return client.post("/console/labels/1", data={"number": secrets.token_hex(16), **form})


def test_what_a_market_enters_is_sealed_and_counted(cloud: CloudUnderTest, desk: Path, lot: str) -> None:
    code = labels.code_of(COUNTY, "26", 480)
    with visitor(cloud, OPENER) as client:
        assert post(client, first="1", last=code, lot=f"{lot[:10]} {lot[10:]}").status_code == 303
        assert "待签名" in client.get("/console/labels/1").text
        refused = post(client, first="480", last="481", reason="撕坏")
        assert (refused.status_code, "登记过" in refused.text) == (400, True)
        seal(cloud, desk)
        page = client.get("/console/labels/1").text
        assert ("待签名" in page, "lin" in page, "480" in page) == (False, True, True)
        assert "发放 600 ＝ 已用 480 ＋ 作废 0 ＋ 未交代 120" in client.get("/console/labels").text
        assert labels.code_of(COUNTY, "26", 1)[:6] in client.get(f"/console/lots/{lot}").text
    (entry,) = [open_row(row) for row in cloud.rows(store.records) if row.kind == record.LABELLING]
    said = {name: entry.body[name] for name in ("first", "count", "lot", "device", "site")}
    assert said == {"first": 1, "count": 480, "lot": lot, "device": "scale-0001", "site": "第八市场"}
    assert b"lin" not in entry.sealed


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"first": "601", "reason": "x"}, "没有发放"),
        ({"first": "1001", "reason": "x"}, "号不对"),
        ({"first": "12x", "reason": "x"}, "号不对"),
        ({"first": "5", "last": "4", "reason": "x"}, "起码不能大于止码"),
        ({"first": "5"}, "二者选一"),
        ({"first": "5", "lot": "35020000100099999999"}, "没有这个批次"),
        ({"first": "5", "reason": "长" * 81}, "文字太长"),
    ],
)
def test_what_cannot_be_is_said_in_words_and_asks_for_nothing(
    cloud: CloudUnderTest, desk: Path, form: dict[str, str], told: str
) -> None:
    with visitor(cloud, OPENER) as client:
        answer = post(client, **form)
        assert (answer.status_code, told in answer.text) == (400, True)
        assert form["first"] in answer.text
    with cloud.cloud.accounts.reader.connect() as connection:
        assert asked.waiting(connection, asked.ASKED, 10) == []


def test_another_county_s_labels_are_neither_seen_nor_sealed(cloud: CloudUnderTest, desk: Path, lot: str) -> None:
    with visitor(cloud, OPENER) as client:
        assert "/console/labels/2" not in client.get("/console/labels").text
        assert client.get("/console/labels/2").status_code == 404
        assert client.get("/console/labels/99").status_code == 404
    for who, allowed in (("inspector", 200), ("regulator", 200), ("seller", 403), ("ops", 403)):
        with visitor(cloud, who) as client:
            assert client.get("/console/labels").status_code == allowed
    with visitor(cloud, "inspector") as client:
        assert post(client, first="1", lot=lot).status_code == 403
    session_of(cloud, PEOPLE["regulator"])
    numbers = labels.Numbers("440100", "26", 1, 2)
    fields = labels.fields_of(numbers, entered_ms=now_ms(), reason="x", device="printer-9")
    forged = Wish("0" * 32, asked.LABELLING, "x", fields=fields)
    asked.ask(cloud.cloud.accounts, forged, "wang", "regulator", now_ms())
    seal(cloud, desk)
    with cloud.cloud.accounts.reader.connect() as connection:
        found = asked.find(connection, forged.id)
    assert found is not None
    assert (found.state, found.detail) == ("refused", "account.reach")


def test_a_bar_shows_first_what_to_look_at_first(cloud: CloudUnderTest, desk: Path, market: Market, lot: str) -> None:
    console = next(node for node in market.nodes if node.credential.name == "console-01")
    for first, last in ((1, 500), (599, 601)):
        fields = labels.fields_of(labels.Numbers(COUNTY, "26", first, last), entered_ms=now_ms(), lot=lot)
        cloud.deliver(market.envelope(console.seal(record.LABELLING, {**fields, "account": bytes(32)}), by=console))
    cloud.catch_up()
    with visitor(cloud, OPENER) as client:
        page = client.get("/console/labels/1").text
    assert page.count('class="labels-fault" x="120" y="0" width="1"') == 1
    assert 'class="labels-used" x="0" y="0" width="100"' in page


@pytest.mark.parametrize(("width", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_a_person_enters_a_stretch_and_sees_it_sealed(
    cloud: CloudUnderTest, desk: Path, lot: str, open_page: OpenPage, width: str, scheme: str
) -> None:
    page = enter(open_page(width, scheme), cloud, OPENER)
    page.goto(f"{cloud.url}/console/labels")
    assert_accessible(page)
    page.get_by_role("link", name="河田合作社").click()
    page.get_by_label("起码").fill("1")
    page.get_by_label("止码").fill("480")
    page.get_by_label("贴在哪一批").fill(lot)
    page.get_by_role("button", name="登记").click()
    expect(page.locator("#waiting")).to_be_visible()
    assert_accessible(page)
    seal(cloud, desk)
    page.reload()
    expect(page.locator("#waiting")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("480")
    assert_accessible(page, "label-range")
    page.goto(f"{cloud.url}/console/labels")
    assert_accessible(page, "labels")
    page.goto(f"{cloud.url}/console/labels/1?lang=en")
    expect(page.get_by_role("heading", name="Say what became of labels")).to_be_visible()
    page.goto(f"{cloud.url}/t/{labels.code_of(COUNTY, '26', 7)}?lang=zh")
    expect(page.locator("main")).to_contain_text("县级标签")
    assert_accessible(page, "label-story")
