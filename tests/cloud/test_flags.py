"""What is wrong with a lot: each flag appears with its evidence, and in any order of arrival."""

import random

import pytest
from tracewire import record
from tracewire.vocabulary import DECISIONS

from cloud.batches import flagged, stock, tolerances
from cloud.batches.flags import Flag
from simulators.node import Node, now_ms
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import SELLER, Market

FREEZE, RELEASE = DECISIONS.index("freeze"), DECISIONS.index("release")


def flags_of(cloud: CloudUnderTest, *lots: str) -> list[Flag]:
    cloud.catch_up()
    with cloud.cloud.stores.projections.reader.connect() as connection:
        return flagged.of_lots(connection, lots)


def codes(cloud: CloudUnderTest, *lots: str) -> list[tuple[str, str]]:
    return [(flag.lot, flag.code) for flag in flags_of(cloud, *lots)]


def move(
    market: Market, word: int, inputs: list[tuple[str, int]], outputs: list[tuple[str, int]], **more: object
) -> None:
    body = {"movement": word, "inputs": tuple(inputs), "outputs": tuple(outputs), "to_party": SELLER, **more}
    market.say(market.wholesaler, record.MOVEMENT, body)


def decide(market: Market, console: Node, word: int, lot: str, time_ms: int) -> None:
    body = {"decision": word, "lot": lot, "reason": "抽检不合格", "account": bytes(32)}
    market.say(console, record.DECISION, body, time_ms)


def test_an_honest_lot_has_no_flag(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for()
    for _ in range(3):
        market.sell(lot)
    cloud.deliver(market.envelope())
    assert codes(cloud, lot) == []


def test_more_sold_than_came_is_flagged_with_where_it_came_from(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for(carcasses=1)
    for _ in range(4):
        market.sell(lot, grams=30_000)
    cloud.deliver(market.envelope())
    (flag,) = flags_of(cloud, lot)
    assert flag.code == "oversold"
    assert flag.grams == 4 * 30_000 - 88_100
    assert len(flag.evidence) == 5


def test_a_sale_before_its_lot_waits_visibly_until_the_lot_comes(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for()
    upstream, market.pending = market.pending, []
    market.sell(lot)
    cloud.deliver(market.envelope())
    assert codes(cloud, lot) == [(lot, "no_upstream")]
    market.pending = upstream
    cloud.deliver(market.envelope())
    assert codes(cloud, lot) == []


def test_a_lot_sold_in_two_markets_at_once(cloud: CloudUnderTest, market: Market) -> None:
    other = market.add("scale-0009", "scale")
    other.credential.site = "第九市场"
    cloud.publish_registry()
    lot = market.pork_for()
    market.sell(lot)
    body = {"net_grams": 500, "tare_grams": 0, "price_fen_per_kg": 3600, "amount_fen": 1800, "plu": 1, "lot": lot}
    weighing = {"gross_grams": 500, "tare_grams": 0, "tare_mode": 0, "net_grams": 500, "e_grams": 5}
    market.say(other, record.WEIGHING, weighing)
    market.say(other, record.SALE, {**body, "weighing_back": 1})
    market.sell(lot)
    cloud.deliver(market.envelope())
    assert codes(cloud, lot) == [(lot, "two_markets")]


def test_a_frozen_lot_that_is_sold_all_the_same_until_it_is_released(cloud: CloudUnderTest, market: Market) -> None:
    console = market.add("console-01", "console")
    cloud.publish_registry()
    lot, noon = market.pork_for(), now_ms()
    market.sell(lot, time_ms=noon)
    decide(market, console, FREEZE, lot, noon + 10)
    cloud.deliver(market.envelope())
    assert codes(cloud, lot) == []
    market.sell(lot, time_ms=noon + 20)
    decide(market, console, RELEASE, lot, noon + 30)
    market.sell(lot, time_ms=noon + 40)
    cloud.deliver(market.envelope())
    (flag,) = flags_of(cloud, lot)
    assert (flag.code, len(flag.evidence)) == ("used_after_stop", 1)


def test_masses_that_do_not_agree_within_the_tolerance_of_the_goods(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for()
    grams = 2 * 88_400 + 700 - 300
    cuts = market.wholesaler.next_code()
    lost, more = cuts[:-1] + "8", cuts[:-1] + "9"
    move(market, 4, [(lot, grams)], [(cuts, grams - 1_000)], goods="猪肉", waste_grams=900)
    move(market, 2, [(cuts, 50_000)], [(lost, 40_000)], goods="猪肉")
    move(market, 2, [(cuts, 50_000)], [(more, 60_000)], goods="猪肉")
    cloud.deliver(market.envelope())
    assert codes(cloud, lot, cuts, lost, more) == [(lost, "vanished"), (more, "gained")]


def test_a_split_heavier_than_its_lot(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for(carcasses=1)
    move(market, 2, [(lot, 100_000)], [("35020000100030000091", 100_000)])
    cloud.deliver(market.envelope())
    (flag,) = flags_of(cloud, lot)
    assert (flag.code, flag.grams, len(flag.evidence)) == ("oversold", 100_000 - 88_100, 2)


def test_two_lots_that_become_one_without_a_word(cloud: CloudUnderTest, market: Market) -> None:
    first, second = market.pork_for(), market.pork_for()
    mixed = market.wholesaler.next_code()
    move(market, 2, [(first, 1_000), (second, 1_000)], [(mixed, 2_000)], goods="猪肉")
    merged = market.wholesaler.next_code()
    move(market, 3, [(first, 1_000), (second, 1_000)], [(merged, 2_000)], goods="猪肉")
    cloud.deliver(market.envelope())
    assert codes(cloud, mixed, merged) == [(mixed, "mixed")]


def test_mixing_shows_when_the_origins_come_later(cloud: CloudUnderTest, market: Market) -> None:
    first, second = market.pork_for(), market.pork_for()
    upstream, market.pending = market.pending, []
    mixed = market.wholesaler.next_code()
    move(market, 2, [(first, 1_000), (second, 1_000)], [(mixed, 2_000)], goods="猪肉")
    market.sell(mixed)
    cloud.deliver(market.envelope())
    cloud.catch_up()
    market.pending = upstream
    cloud.deliver(market.envelope())
    assert codes(cloud, mixed) == [(mixed, "mixed")]


def test_two_lots_with_one_code(cloud: CloudUnderTest, market: Market) -> None:
    code = market.farm.next_code()
    body = {"lot": code, "source": 2, "goods": "生猪", "place": "长汀县", "division": "350821", "head_count": 1}
    market.say(market.farm, record.LOT, body)
    market.say(market.farm, record.LOT, {**body, "head_count": 2})
    cloud.deliver(market.envelope())
    assert codes(cloud, code) == [(code, "coded_twice")]


@pytest.mark.parametrize("seed", range(6))
def test_a_circle_is_flagged_at_every_lot_of_it_in_any_order(cloud: CloudUnderTest, market: Market, seed: int) -> None:
    lots = [f"350200001000300000{number:02}" for number in range(4)]
    ring = list(zip(lots, lots[1:] + lots[:1], strict=True))
    random.Random(seed).shuffle(ring)
    for made_of, made in ring:
        move(market, 4, [(made_of, 100)], [(made, 100)])
        cloud.deliver(market.envelope())
        cloud.catch_up()
    assert [code for lot, code in codes(cloud, *lots) if code == "circle"] == ["circle"] * 4


def test_the_sums_are_the_same_in_any_order(cloud: CloudUnderTest, market: Market) -> None:
    lot = market.pork_for()
    for grams in (500, 700, 900):
        market.sell(lot, grams=grams)
    sealed, market.pending = market.pending, []
    random.Random(1).shuffle(sealed)
    for each in sealed:
        cloud.deliver(market.envelope(each))
    cloud.catch_up()
    with cloud.cloud.stores.projections.reader.connect() as connection:
        (found,) = stock.of_lots(connection, [lot])
    assert (found.sold, found.sold_grams, found.left_grams) == (3, 2_100, 2 * 88_400 + 700 - 300 - 2_100)
    assert found.goods == "猪肉（白条）"


def test_every_kind_of_goods_has_a_tolerance_with_its_source() -> None:
    assert tolerances.of_goods("猪肉（白条）").permille > tolerances.of_goods("猪肉").permille
    assert tolerances.of_goods("来历不明").goods == ()
    assert all(row.source and row.jurisdiction for row in tolerances.table())
