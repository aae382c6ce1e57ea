"""The rooms: each route for each role, what each sees, pages, and hostile text."""

import re

import pytest
from starlette.routing import BaseRoute, Route
from tracewire import record

from cloud.accounts.account import Account
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.console.story import HOSTILE, SELLER, Told, decide, tell
from tests.cloud.market import Market
from tests.cloud.people import PEOPLE, PUBLIC, visitor

AT_MARKETS = {"seller", "market_opener", "inspector", "regulator"}
DECIDERS = {"market_opener", "inspector", "regulator"}
ROUTES = {
    "/console": AT_MARKETS,
    "/console/lots": AT_MARKETS,
    "/console/lots/{lot}": AT_MARKETS,
    "/console/lots/{lot}/decide?word=freeze": DECIDERS,
    "/console/lots/{lot}/decide?word=recall": {"market_opener", "regulator"},
    "/console/lots/{lot}/decide?word=destroy": {"regulator"},
    "/console/sellers": AT_MARKETS,
    "/console/sellers/{seller}": AT_MARKETS,
    "/console/sellers/{seller}/decide?word=suspend": {"market_opener", "regulator"},
    "/console/recalls": AT_MARKETS,
    "/console/flags": AT_MARKETS,
    "/console/labels": DECIDERS,
}
"""Every page and who may open it; the test below holds the list against the program's routes."""


def paths_of(route: BaseRoute) -> list[Route]:
    """Return the routes of an included router, or the route itself."""
    included = getattr(route, "original_router", None)
    return included.routes if included is not None else [route]


@pytest.fixture
def told(cloud: CloudUnderTest, market: Market) -> Told:
    return tell(cloud, market)


@pytest.mark.parametrize("role", [PUBLIC, *PEOPLE])
def test_each_room_is_open_to_its_roles_alone(cloud: CloudUnderTest, told: Told, role: str) -> None:
    with visitor(cloud, role) as client:
        for route, roles in ROUTES.items():
            answer = client.get(route.format(lot=told.lot, seller=SELLER))
            expected = 200 if role in roles else 303 if role == PUBLIC else 403
            assert answer.status_code == expected, route
            if expected == 303:
                assert answer.headers["location"].startswith("/sign-in?next=%2Fconsole")
            if expected == 200:
                assert answer.headers["cache-control"] == "private, no-store"
            if "decide" in route:
                path = route.partition("?")[0].format(lot=told.lot, seller=SELLER)
                word = route.rpartition("=")[2]
                sent = client.post(path, data={"word": word, "reason": "", "number": "0" * 32})
                assert sent.status_code == (400 if role in roles else 401 if role == PUBLIC else 403), route


@pytest.mark.parametrize("role", [PUBLIC, *PEOPLE])
def test_programs_are_held_to_the_same_roles(cloud: CloudUnderTest, told: Told, role: str) -> None:
    with visitor(cloud, role) as client:
        for method, path, roles, found in (
            ("POST", "/v1/recalls", {"market_opener", "regulator"}, 202),
            ("GET", "/v1/decisions/0", DECIDERS, 404),
        ):
            body = {"json": {"lot": told.lot, "reason": "x"}} if method == "POST" else {}
            answer = client.request(method, path, headers={"Accept": "*/*"}, **body)
            assert answer.status_code == (found if role in roles else 401 if role == PUBLIC else 403), path


def test_the_table_of_routes_is_whole(cloud: CloudUnderTest) -> None:
    listed = {route.partition("?")[0] for route in ROUTES}
    listed |= {"/console/decisions/{decision}", "/console/labels/{number:int}"}
    rooms = {each.path for router in cloud.cloud.public_app.routes for each in paths_of(router)}
    assert {path for path in rooms if path.startswith("/console")} == listed


@pytest.mark.parametrize("role", sorted(AT_MARKETS))
def test_what_lies_outside_is_not_there(cloud: CloudUnderTest, told: Told, role: str) -> None:
    with visitor(cloud, role) as client:
        unknown = client.get("/console/lots/99999999999999999999")
        foreign = client.get(f"/console/lots/{told.foreign}")
        assert foreign.status_code == 404
        assert foreign.text.replace(told.foreign, "9" * 20) == unknown.text
        assert client.get("/console/sellers/4401000019001").status_code == 404
        if role in DECIDERS:
            assert client.get(f"/console/lots/{told.foreign}/decide?word=freeze").status_code == 404
        for room in ("lots", "sellers", "flags", "recalls"):
            page = client.get(f"/console/{room}").text
            assert told.foreign not in page.replace("</span><span>", "")
            assert "4401000019001" not in page.replace("</span><span>", "")


@pytest.mark.parametrize(
    ("account", "sees"),
    [
        (Account("a", "regulator", region="4401"), "foreign"),
        (Account("b", "market_opener", site="越秀市场"), "foreign"),
        (Account("c", "seller", seller="4401000019001"), "foreign"),
        (Account("d", "seller", seller=SELLER), "lot"),
        (Account("e", "inspector", region="350200"), "lot"),
        (Account("f", "regulator", region="11"), "nothing"),
        (Account("g", "market_opener", site="第九市场"), "nothing"),
    ],
)
def test_everybody_sees_their_own_part(cloud: CloudUnderTest, told: Told, account: Account, sees: str) -> None:
    with visitor(cloud, account) as client:
        for name in ("lot", "foreign"):
            lot = getattr(told, name)
            assert client.get(f"/console/lots/{lot}").status_code == (200 if name == sees else 404)
            assert (f"/console/lots/{lot}" in client.get("/console/lots").text) is (name == sees)


def test_lots_are_found_by_how_people_type_codes(cloud: CloudUnderTest, told: Told) -> None:
    with visitor(cloud, "regulator") as client:
        full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in told.lot)
        for typed in (told.lot, told.lot[:15] + " ", full_width, f"{told.lot[:4]}-{told.lot[4:]}"):
            page = client.get("/console/lots", params={"q": typed}).text
            assert told.lot in page
            assert told.sourceless not in page
        assert told.lot not in client.get("/console/lots", params={"q": "%"}).text
        assert client.get("/console/lots", params={"q": "x" * 101}).status_code == 422
        assert client.get("/console/lots", params={"after": "-1"}).status_code == 400


def test_flags_are_filtered_in_the_address_and_show_their_proof(cloud: CloudUnderTest, told: Told) -> None:
    with visitor(cloud, "regulator") as client:
        found = client.get("/console/flags?code=no_upstream").text
        assert told.sourceless in found
        assert "scale-0001" in found
        assert told.sourceless not in client.get("/console/flags?code=oversold").text
        assert "来源不明" in client.get("/console").text


def test_a_region_is_narrowed_to_one_of_its_markets_and_to_no_other(cloud: CloudUnderTest, told: Told) -> None:
    with visitor(cloud, "regulator") as client:
        for room in ("lots?", "flags?code=no_upstream&"):
            assert told.sourceless in client.get(f"/console/{room}site=第八市场").text
            assert told.sourceless not in client.get(f"/console/{room}site=银祥肉联厂").text
            assert told.foreign not in client.get(f"/console/{room}site=越秀市场").text
        assert "阿福鲜肉" not in client.get("/console/sellers?site=银祥肉联厂").text
        page = client.get("/console/flags?site=第八市场").text
        assert "<option selected>第八市场</option>" in page
        assert "越秀市场" not in page
        assert "code=no_upstream&amp;site=%E7%AC%AC%E5%85%AB%E5%B8%82%E5%9C%BA" in page
        hostile = client.get("/console/flags", params={"site": HOSTILE}).text
        assert "<script>alert" not in hostile


def test_long_lists_come_in_pages(cloud: CloudUnderTest, market: Market, told: Told) -> None:
    for number in range(60):
        body = {"movement": 2, "inputs": ((told.lot, 10),), "outputs": ((f"35020000100038{number:06}", 10),)}
        market.say(market.wholesaler, record.MOVEMENT, body)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    with visitor(cloud, "regulator") as client:
        first = client.get("/console/lots?q=35020000100038").text
        after = re.search(r'href="([^"]*)" rel="next"', first)
        assert after is not None
        second = client.get(after[1].replace("&amp;", "&")).text
        before = re.search(r'href="([^"]*)" rel="prev"', second)
        assert before is not None
        assert client.get(before[1].replace("&amp;", "&")).text.count("/console/lots/35") == 50
        assert client.get("/console/lots?after=W10").json()["code"] == "page.mark"
    assert (first.count("/console/lots/35"), second.count("/console/lots/35")) == (50, 10)
    assert after[1].startswith("/console/lots?q=35020000100038&amp;after=")
    assert set(re.findall(r"/console/lots/(35\d+)", first)).isdisjoint(re.findall(r"/console/lots/(35\d+)", second))


def test_decided_lots_are_listed_and_what_follows_is_said(cloud: CloudUnderTest, market: Market, told: Told) -> None:
    decide(cloud, market, told, {"decision": 4, "lot": told.lot})
    decide(cloud, market, told, {"decision": 2, "subject": SELLER})
    with visitor(cloud, "market_opener") as client:
        assert told.lot in client.get("/console/recalls").text
        assert "抽检不合格" in client.get(f"/console/lots/{told.lot}").text
        assert "已暂停" in client.get(f"/console/sellers/{SELLER}").text
        ask = client.get(f"/console/lots/{told.lot}/decide?word=release").text
        assert "只有监管人员可以解除" in ask
        assert "<textarea" not in ask


def test_hostile_text_stays_text_in_every_room(cloud: CloudUnderTest, market: Market) -> None:
    market.scale.credential.stall = market.scale.credential.seller = HOSTILE[:40]
    told = tell(cloud, market)
    lot = market.farm.next_code()
    goods = {"goods": HOSTILE[:30], "place": HOSTILE, "division": "350200", "net_grams": 1_000}
    market.say(market.farm, record.LOT, {"lot": lot, "source": 2, **goods})
    market.say(
        market.wholesaler, record.TEST, {"lot": lot, "sample": "1", "item": HOSTILE[:30], "method": 1, "result": 2}
    )
    paper = {"lot": lot, "document": 1, "number": HOSTILE[:30], "issuer": HOSTILE[:30]}
    market.say(market.farm, record.DOCUMENT, paper)
    market.card_in(lot, stall=HOSTILE[:30])
    market.sell(lot, 2_000)
    answer = cloud.deliver(market.envelope())
    assert not answer.refused, answer.refused
    cloud.catch_up()
    decide(cloud, market, told, {"decision": 3, "lot": lot, "reason": HOSTILE})
    rooms = ["", "/lots", f"/lots/{lot}", f"/lots/{lot}/decide?word=recall", "/sellers", f"/sellers/{SELLER}"]
    with visitor(cloud, "regulator") as client:
        for room in (*rooms, "/recalls", "/flags", "/flags?code=<script>alert(1)</script>", f"/lots?q={HOSTILE}"):
            page = client.get(f"/console{room}")
            assert page.status_code == 200, room
            assert "<script>alert" not in page.text, room
            assert "49" not in page.text.partition("{{7*7}}")[2][:4]
        assert "&lt;script&gt;" in client.get(f"/console/lots/{lot}").text
