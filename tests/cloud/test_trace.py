"""The public pages, read as a phone reads them: narrow, no JavaScript, two languages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import update
from tracewire import record

from cloud.ledger import store
from simulators.node import now_ms
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import SELLER, Market

PHONE = {"width": 390, "height": 844}
LARGEST_PAGE_BYTES = 60 * 1024


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False, locale="zh-CN")  # type: ignore[arg-type]
    page = context.new_page()
    yield page
    context.close()


@pytest.fixture
def slip(cloud: CloudUnderTest, market: Market) -> str:
    """Return the slip of a sale with a whole way behind it and a record after it."""
    lot = market.pork_for()
    market.card_in(lot)
    code = market.sell(lot, grams=512, price=3600)
    market.pending.append(market.health())
    cloud.deliver(market.envelope())
    cloud.catch_up()
    return code


def _checks(cloud: CloudUnderTest, code: str) -> dict[str, str]:
    found = cloud.public.get(f"/v1/trace/{code}").json()["checks"]
    return {check["name"]: check["state"] for check in found}


def test_a_phone_without_javascript_shows_the_way_back(cloud: CloudUnderTest, slip: str, page: Page) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"{cloud.url}/t/{slip}")
    text = page.inner_text("main")
    for words in ("五花肉", "猪肉（白条）", "18.43", "0.512 kg", "36.00", "第八市场", "A区12号", "阿福鲜肉"):
        assert words in text
    stations = page.locator(".journey > li h3").all_inner_texts()
    assert stations == ["零售", "批发交易", "屠宰", "养殖场"]
    for words in ("夏商批发市场", "银祥肉联厂", "长汀县河田镇绿源生态养殖场", "厦品检2026-112207", "3508210098765"):
        assert words in text
    assert page.locator(".checks li").count() >= 14
    assert page.locator(".checks li.failed").count() == 0
    assert all(url.startswith((cloud.url, "data:")) for url in requests)
    width = page.locator("body").bounding_box()
    assert width is not None
    assert width["width"] <= PHONE["width"]


def test_nothing_sticks_out_of_a_narrow_screen(cloud: CloudUnderTest, slip: str, page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{cloud.url}/t/{slip}?lang=en")
    for box in page.locator("main *").all():
        place = box.bounding_box()
        if place and place["width"] > 1:
            assert place["x"] + place["width"] <= 321, box.inner_text()


def test_typing_the_code_leads_to_its_page(cloud: CloudUnderTest, slip: str, page: Page) -> None:
    page.goto(cloud.url)
    page.get_by_label("小票上的追溯码").fill(f" {slip[:4]} {slip[4:12]}-{slip[12:]} ")
    page.get_by_role("button", name="查询").click()
    assert page.url == f"{cloud.url}/t/{slip}"
    page.get_by_role("link", name="English").click()
    assert page.get_by_role("heading", name="The way here").is_visible()
    assert page.locator("html").get_attribute("lang") == "en"


def test_the_browsers_language_is_respected_and_the_address_wins(cloud: CloudUnderTest, slip: str) -> None:
    def heading(accept: str, query: str = "") -> bool:
        response = cloud.public.get(f"/t/{slip}{query}", headers={"Accept-Language": accept})
        return "The way here" in response.text

    assert heading("en-GB,en;q=0.9,zh;q=0.8")
    assert not heading("zh-CN,zh;q=0.9,en;q=0.8")
    assert not heading("fr-FR")
    assert not heading("en", "?lang=zh")
    assert heading("zh", "?lang=en")


def test_every_check_of_an_honest_sale_holds(cloud: CloudUnderTest, slip: str) -> None:
    checks = _checks(cloud, slip)
    assert checks.pop("tests") == "open"
    assert set(checks.values()) == {"held"}, checks


def test_a_lot_code_is_answered_too(cloud: CloudUnderTest, slip: str, page: Page) -> None:
    story = cloud.public.get(f"/v1/trace/{slip}").json()
    page.goto(f"{cloud.url}/t/{story['lot']}")
    assert page.get_by_role("heading", name="批次余量").is_visible()
    balance = cloud.public.get(f"/v1/trace/{story['lot']}").json()["balance"]
    assert balance == {"came_grams": 177_200, "used_grams": 0, "sold_grams": 512, "sales": 1}


@pytest.mark.parametrize("code", ["99999999999999999999", "1", "abc", "../../etc/passwd", "9" * 400])
def test_an_unknown_code_gets_a_friendly_page(cloud: CloudUnderTest, code: str) -> None:
    response = cloud.public.get(f"/t/{code.replace('/', '%2F')}")
    assert response.status_code == 404
    if "/" not in code:
        assert "没有查到这个码" in response.text
        assert 'role="search"' in response.text


def test_markup_in_fields_and_codes_is_shown_not_run(cloud: CloudUnderTest, market: Market, page: Page) -> None:
    hostile = "<script>alert(1)</script><b>x"
    lot = market.pork_for()
    market.card_in(lot, stall=hostile)
    code = market.sell(lot)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    response = cloud.public.get(f"/t/{code}")
    assert "<script>" not in response.text
    page.goto(f"{cloud.url}/t/{code}")
    assert hostile in page.inner_text("main")
    assert "<script>" not in cloud.public.get("/t/%3Cscript%3Ealert(1)%3C%2Fscript%3E").text
    assert "<script>" not in cloud.public.get("/", params={"code": hostile}).text


def test_the_page_is_small_and_says_what_it_may_load(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for(carcasses=30)
    code = market.sell(lot)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    response = cloud.public.get(f"/t/{code}")
    style = cloud.public.get("/style.css")
    assert len(response.content) + len(style.content) <= LARGEST_PAGE_BYTES
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in response.text.replace("https://chengxin", "")


def test_a_changed_byte_in_the_ledger_is_seen_by_whoever_looks(cloud: CloudUnderTest, slip: str) -> None:
    index = next(row.idx for row in cloud.rows(store.records) if row.kind == record.SALE)
    sealed = bytearray(cloud.rows(store.records)[index - 1].sealed)
    sealed[-1] ^= 1
    with cloud.cloud.stores.ledger.writer.begin() as connection:
        statement = update(store.records).where(store.records.c.idx == index).values(sealed=bytes(sealed))
        connection.execute(statement)
    checks = _checks(cloud, slip)
    assert (checks["signature"], checks["log"]) == ("failed", "failed")
    assert "不成立" in cloud.public.get(f"/t/{slip}").text


def test_a_hash_changed_in_the_log_is_seen_by_whoever_looks(cloud: CloudUnderTest, slip: str) -> None:
    assert _checks(cloud, slip)["log"] == "held"
    index = next(row.idx for row in cloud.rows(store.records) if row.kind == record.SALE)
    with cloud.cloud.stores.ledger.writer.begin() as connection:
        # The sale and the record after it are the end of the log: their pair is a part of the root itself.
        chosen = (store.subtrees.c.level == 1, store.subtrees.c.position == (index - 1) // 2)
        connection.execute(update(store.subtrees).where(*chosen).values(hash=bytes(32)))
    assert _checks(cloud, slip)["log"] == "failed"
    assert "防篡改证明不成立" in cloud.public.get(f"/t/{slip}").text


def test_a_wrong_clock_is_said_and_the_gateways_time_shown(cloud: CloudUnderTest, market: Market) -> None:
    code = market.sell(market.pork_for(), time_ms=now_ms() + 40 * 3_600_000)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    assert _checks(cloud, code)["witness"] == "failed"
    assert "电子秤的时钟不准" in cloud.public.get(f"/t/{code}").text


def test_overselling_is_said(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for(carcasses=1)
    code = market.sell(lot, grams=100_000)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    assert _checks(cloud, code)["balance"] == "failed"


def test_a_lot_that_nobody_coded_has_an_unknown_origin(cloud: CloudUnderTest, market: Market) -> None:
    code = market.sell("35020000190019999999")
    cloud.deliver(market.envelope())
    cloud.catch_up()
    checks = _checks(cloud, code)
    assert (checks["source"], checks["balance"], checks["papers"]) == ("open", "open", "open")
    assert "来源记录还没有上链" in cloud.public.get(f"/t/{code}").text


def test_a_sale_under_the_wrong_card_is_said(cloud: CloudUnderTest, market: Market) -> None:
    lot, other = market.pork_for(), market.pork_for()
    market.card_in(other)
    code = market.sell(lot)
    market.say(market.scale, record.SESSION, {"action": 0, "seller": SELLER})
    cloud.deliver(market.envelope())
    cloud.catch_up()
    assert _checks(cloud, code)["card"] == "failed"


def test_a_recalled_lot_is_said(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for()
    code = market.sell(lot)
    body = {"decision": 4, "lot": lot, "reason": "检测不合格", "account": bytes(32)}
    console = market.add("console-01", "console")
    cloud.publish_registry()
    market.say(console, record.DECISION, body)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    assert _checks(cloud, code)["decision"] == "failed"


def test_a_missing_neighbour_is_open_not_ticked(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for()
    code = market.sell(lot)
    market.pending.pop(-2)  # the weighing, which is also the predecessor
    cloud.deliver(market.envelope())
    cloud.catch_up()
    checks = _checks(cloud, code)
    assert (checks["chain_before"], checks["weighing"], checks["totals"]) == ("open", "open", "open")
