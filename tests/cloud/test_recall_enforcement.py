"""Freezes follow decisions: the lot, everything made of it, also later; and only what was decided is given back."""

from tracewire import record
from tracewire.vocabulary import DECISIONS

from cloud.batches import flagged
from cloud.feed import orders
from cloud.feed import store as feed
from cloud.recall.enforce import Enforcement
from simulators.node import Node, now_ms
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import SELLER, Market


def frozen(cloud: CloudUnderTest) -> set[str]:
    cloud.catch_up()
    stores = cloud.cloud.stores
    Enforcement(stores.ledger, stores.projections).enforce(now_ms())  # what the worker does after each pass
    with stores.ledger.reader.connect() as connection:
        return {row.lot for row in feed.frozen_lots(connection)}


def decide(cloud: CloudUnderTest, market: Market, console: Node, word: str, lot: str) -> None:
    body = {"decision": DECISIONS.index(word), "lot": lot, "reason": "抽检不合格", "account": bytes(32)}
    cloud.deliver(market.envelope(console.seal(record.DECISION, body), by=console))


def test_a_recalled_farm_lot_freezes_everything_made_of_it(cloud: CloudUnderTest, market: Market) -> None:
    console = market.add("console-01", "console")
    cloud.publish_registry()
    lot, other = market.pork_for(), market.pork_for()
    cloud.deliver(market.envelope())
    pigs = f"{market.farm.credential.code_base}0000001"
    decide(cloud, market, console, "recall", pigs)
    stopped = frozen(cloud)
    assert {pigs, lot} < stopped
    assert len(stopped) == 4  # two carcasses besides
    assert other not in stopped
    cuts = "35020000100039000001"
    body = {"movement": 2, "inputs": ((lot, 1000),), "outputs": ((cuts, 1000),), "to_party": SELLER}
    market.say(market.wholesaler, record.MOVEMENT, body)
    cloud.deliver(market.envelope())
    assert frozen(cloud) == stopped | {cuts}
    decide(cloud, market, console, "release", pigs)
    assert frozen(cloud) == set()


def test_a_frozen_lot_merged_with_a_free_one_freezes_what_comes_of_it(cloud: CloudUnderTest, market: Market) -> None:
    console = market.add("console-01", "console")
    cloud.publish_registry()
    lot, free = market.pork_for(carcasses=1), market.pork_for(carcasses=1)
    cloud.deliver(market.envelope())
    decide(cloud, market, console, "freeze", lot)
    merged = "35020000100039000001"
    body = {"movement": 3, "inputs": ((lot, 1000), (free, 1000)), "outputs": ((merged, 2000),), "to_party": SELLER}
    market.say(market.wholesaler, record.MOVEMENT, body)
    cloud.deliver(market.envelope())
    assert frozen(cloud) == {lot, merged}
    with cloud.cloud.stores.projections.reader.connect() as connection:
        flags = [(flag.lot, flag.code) for flag in flagged.of_lots(connection, (lot, free, merged))]
    assert flags == [(lot, "used_after_stop")]


def test_what_people_froze_by_hand_is_theirs(cloud: CloudUnderTest, market: Market) -> None:
    orders.freeze(cloud.cloud.stores.ledger, "35020000100039000002", "asked for by telephone", now_ms())
    assert frozen(cloud) == {"35020000100039000002"}


def test_a_console_brings_its_own_records_only(cloud: CloudUnderTest, market: Market) -> None:
    console = market.add("console-01", "console")
    cloud.publish_registry()
    foreign = market.envelope(market.health(), by=console)
    answer = cloud.ingest.post("/v1/records", content=foreign)
    assert (answer.status_code, answer.json()["code"]) == (400, "envelope.custody")
    assert cloud.public.get("/healthz").json()["records"] == 0
