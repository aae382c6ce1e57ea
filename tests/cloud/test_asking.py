"""What people type into the search form finds their slip; another site's address is named and not followed."""

import pytest

from cloud.codes import short
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market


@pytest.fixture
def slip(cloud: CloudUnderTest, market: Market) -> str:
    code = market.sell(market.pork_for())
    cloud.deliver(market.envelope())
    cloud.catch_up()
    return code


def test_any_spelling_of_a_slip_leads_to_it(cloud: CloudUnderTest, market: Market, slip: str) -> None:
    bases = tuple(node.credential.code_base for node in market.nodes if node.credential.code_base)
    brief = short.shorten(slip, bases)
    wide = slip.translate({ord(str(digit)): 0xFF10 + digit for digit in range(10)})
    spellings = (slip, wide, f"{slip[:10]} {slip[10:]}", brief, brief.lower(), f"{cloud.url}/t/{slip}#sealed")
    for typed in spellings:
        answer = cloud.public.get("/", params={"code": typed})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/t/{slip}"), typed
    for typed in (wide, brief):
        assert cloud.public.get(f"/t/{typed}").headers["location"] == f"/t/{slip}"
        assert cloud.public.get(f"/v1/trace/{typed}").json()["code"] == slip
    assert brief in cloud.public.get(f"/t/{slip}").text


@pytest.mark.parametrize("address", ["https://evil.example/t/{}", "http://[{}", "HTTPS://127.0.0.1:9/t/{}"])
def test_another_sites_address_is_named_and_not_followed(cloud: CloudUnderTest, slip: str, address: str) -> None:
    answer = cloud.public.get("/", params={"code": address.format(slip), "lang": "en"})
    assert answer.status_code == 404
    assert "belongs to another site" in answer.text


def test_a_wrong_check_character_is_said_in_words(cloud: CloudUnderTest) -> None:
    answer = cloud.public.get("/", params={"code": "91350100M000100Y4A"})
    assert "统一社会信用代码，但末位校验符应为 3，输入的是 A" in answer.text


def test_a_code_that_nobody_knows_does_not_lead_in_a_circle(cloud: CloudUnderTest) -> None:
    answer = cloud.public.get("/t/３５０２００００１０００７０００９９９９")
    assert answer.headers["location"] == "/t/35020000100070009999"
    assert cloud.public.get(answer.headers["location"]).status_code == 404
    assert "&lt;script&gt;" in cloud.public.get("/", params={"code": "<script>"}).text


def test_a_digital_link_of_ours_leads_to_its_lot(cloud: CloudUnderTest, slip: str) -> None:
    lot = cloud.public.get(f"/v1/trace/{slip}").json()["lot"]
    answer = cloud.public.get("/", params={"code": f"{cloud.url}/01/06901234567892/10/{lot}"})
    assert answer.headers["location"] == f"/t/{lot}"
