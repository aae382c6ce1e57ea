"""The projection of places in any order of arrival, and what a scope makes of it."""

import itertools

import pytest
from sqlalchemy import select
from tracewire.credential import Credential, Registry

from cloud.accounts.account import Account
from cloud.app import every_projection
from cloud.console import projection, scope
from cloud.projections import Projections
from cloud.registry import Roll
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.console.story import SELLER, decide, tell
from tests.cloud.market import Market

TABLES = (projection.lot_places, projection.lot_sellers, projection.seller_places, projection.seller_decisions)


def held(cloud: CloudUnderTest) -> list[list[tuple[object, ...]]]:
    with cloud.cloud.stores.projections.reader.connect() as connection:
        return [
            sorted(tuple(row) for row in connection.execute(select(*(table.c[key] for key in keys))))
            for table in TABLES
            for keys in [[column.name for column in table.c if column.name != "idx"]]
        ]


def test_places_come_out_the_same_in_any_order(cloud: CloudUnderTest, market: Market) -> None:
    for grams in (500, 600, 700):
        market.card_in(market.pork_for())
        market.sell("35020000100030000001", grams, time_ms=1_790_000_000_000 - grams * 1_000_000)
    sealed, market.pending = market.pending, []
    cloud.deliver(market.envelope(*sealed[1::2]))
    cloud.catch_up()
    cloud.deliver(market.envelope(*sealed[::2]))
    cloud.catch_up()
    grown = held(cloud)
    assert all(grown[:3])
    stores = cloud.cloud.stores
    derived = Projections(stores.ledger, stores.projections, every_projection())
    derived.rebuild(lambda _name, _count: None, derived.named(["places"]))
    assert held(cloud) == grown


def test_sellers_are_found_where_their_card_was_and_with_what_was_decided(
    cloud: CloudUnderTest, market: Market
) -> None:
    told = tell(cloud, market)
    decide(cloud, market, told, {"decision": 2, "subject": SELLER})
    with cloud.cloud.stores.projections.reader.connect() as connection:
        place = connection.execute(select(projection.seller_places).where(projection.seller_places.c.seller == SELLER))
        assert [(row.site, row.device) for row in place] == [("第八市场", "scale-0001")]
        (verdict,) = connection.execute(select(projection.seller_decisions))
    assert (verdict.seller, verdict.decision) == (SELLER, 2)


def roll(*devices: tuple[str, str]) -> Roll:
    """Return a registry of devices at (site, division)."""
    numbers = itertools.count(1)
    credentials = [
        Credential(f"scale-{n:04}", "scale", n.to_bytes(65, "big"), code_base=f"{division}{n:07}", site=site)
        for n, (site, division) in zip(numbers, devices, strict=False)
    ]
    gateway = Credential("gateway-01", "gateway", bytes(65), site="A市场")
    return Roll(Registry(1, 1, [*credentials, gateway]), b"")


@pytest.mark.parametrize(
    ("account", "sites", "devices"),
    [
        (Account("x", "regulator", region="35"), {"A市场", "B市场"}, {"scale-0003"}),
        (Account("x", "regulator", region="350203"), {"A市场"}, {"scale-0003"}),
        (Account("x", "inspector", region="44"), set(), {"scale-0004"}),
        (Account("x", "inspector", region="11"), set(), set()),
        (Account("x", "market_opener", site="A市场"), {"A市场"}, set()),
        (Account("x", "market_opener", site="中心市场", region="44"), set(), {"scale-0004"}),
    ],
)
def test_a_region_is_a_market_or_its_devices_where_two_markets_have_one_name(
    account: Account, sites: set[str], devices: set[str]
) -> None:
    registry = roll(("A市场", "350203"), ("B市场", "350821"), ("中心市场", "350203"), ("中心市场", "440103"))
    assert scope.of_account(account, registry) == scope.Scope(frozenset(sites), frozenset(devices))
