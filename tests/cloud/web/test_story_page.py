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
    assert_accessible(page)
