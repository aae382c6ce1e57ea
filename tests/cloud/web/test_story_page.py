"""The page behind a slip can be read by everybody: on a phone and at a desk, in light and dark, checks done."""

import base64

import pytest
from tracewire import record

from cloud.ledger import store
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market
from tests.cloud.web.conftest import OpenPage, assert_accessible


@pytest.mark.parametrize("width", ["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_slips_page_can_be_read_by_everybody(
    cloud: CloudUnderTest, market: Market, open_page: OpenPage, width: str, scheme: str
) -> None:
    lot = market.pork_for()
    market.card_in(lot)
    code = market.sell(lot, grams=512, price=3600)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    sale = next(row.sealed for row in cloud.rows(store.records) if row.kind == record.SALE)
    page = open_page(width, scheme)
    page.goto(f"{cloud.url}/t/{code}#{base64.urlsafe_b64encode(sale).rstrip(b'=').decode()}")
    page.locator("#phone [data-check=signature].held").wait_for()
    page.locator("#phone [data-check=log].held").wait_for()
    assert_accessible(page, "slip")


@pytest.mark.parametrize(("width", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_a_lot_an_unknown_code_and_a_slip_on_its_way_can_be_read_by_everybody(
    cloud: CloudUnderTest, market: Market, open_page: OpenPage, width: str, scheme: str
) -> None:
    lot = market.pork_for()
    market.card_in(lot)
    market.sell(lot)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    on_its_way = market.sell(lot)
    page = open_page(width, scheme)
    sealed = base64.urlsafe_b64encode(market.pending[-1]).rstrip(b"=").decode()
    for path, name in ((f"/t/{lot}", "lot-story"), ("/t/35020000100070009999", "unknown")):
        page.goto(f"{cloud.url}{path}")
        assert_accessible(page, name)
    page.goto(f"{cloud.url}/t/{on_its_way}#{sealed}")
    page.locator("#phone [data-check=signature].held").wait_for()
    assert_accessible(page, "slip-on-its-way")
