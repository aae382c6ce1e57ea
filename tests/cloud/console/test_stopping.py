"""Stop lists follow decisions: who is suspended is told to every device that reads cards, until somebody admits it."""

from typing import Any

from tracewire import feed, record
from tracewire.vocabulary import DECISIONS

from cloud import watermarks
from cloud.console.projection import Places
from cloud.console.stopping import Stopping
from cloud.feed import store as tables
from cloud.feed.store import EVERYONE
from cloud.projections import Projections
from simulators.node import Node, now_ms
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import SELLER, Market
from tests.cloud.test_feed import opened, pull

OTHER = "440100001"


def decide(market: Market, console: Node, word: str, seller: str) -> None:
    body = {"decision": DECISIONS.index(word), "subject": seller, "reason": "短斤缺两", "account": bytes(32)}
    market.pending.append(console.seal(record.DECISION, body))


def stopped(cloud: CloudUnderTest, market: Market, console: Node) -> list[Any]:
    """Deliver what was decided; return the order's rows, as the worker leaves them after its pass."""
    if market.pending:
        answer = cloud.deliver(market.envelope(by=console))
        assert not answer.refused, answer.refused
    cloud.catch_up()
    Stopping(cloud.cloud.stores.ledger, cloud.cloud.stores.projections, lambda: 1).enforce(now_ms())
    return order(cloud)


def order(cloud: CloudUnderTest) -> list[Any]:
    with cloud.cloud.stores.ledger.reader.connect() as connection:
        return tables.body_of(connection, feed.STOPS, EVERYONE)


def test_a_suspended_seller_is_told_to_whoever_reads_cards_and_taken_off_by_an_admission(
    cloud: CloudUnderTest, market: Market
) -> None:
    console = market.add("console-01", "console")
    market.line.credential.site = market.wholesaler.credential.site = "第八市场"
    cloud.publish_registry()
    decide(market, console, "admit", SELLER)
    assert stopped(cloud, market, console) == [], "nobody was ever suspended: devices hear nothing"
    decide(market, console, "suspend", SELLER)
    decide(market, console, "suspend", OTHER)
    row = [feed.seller_name(SELLER) + feed.seller_name(OTHER), b""]
    assert stopped(cloud, market, console) == [row]
    version, rows = pull(cloud)
    assert [one[:2] for one in rows] == [(name, feed.STOPS) for name in ("rail-0001", "term-0001", "scale-0001")]
    assert opened(market, rows[-1]).body == (tuple(row),)
    assert stopped(cloud, market, console) == [row]
    assert pull(cloud, version) == (version, []), "asked again, ordered once"
    decide(market, console, "admit", SELLER)
    assert stopped(cloud, market, console) == [[feed.seller_name(OTHER), b""]]
    decide(market, console, "admit", OTHER)
    assert stopped(cloud, market, console) == [[b"", b""]]
    assert len(pull(cloud, version)[1]) == 3


def report(market: Market, console: Node, word: str, card: str, seller: str = SELLER) -> None:
    body = {"decision": DECISIONS.index(word), "subject": seller, "card": card, "reason": "遗失", "account": bytes(32)}
    market.pending.append(console.seal(record.DECISION, body))


def test_a_lost_card_is_stopped_until_its_own_sellers_market_finds_it(cloud: CloudUnderTest, market: Market) -> None:
    console = market.add("console-01", "console")
    cloud.publish_registry()
    decide(market, console, "suspend", SELLER)
    report(market, console, "block_card", "04a1b2c3d4e5f6")
    report(market, console, "block_card", "2b090909", OTHER)
    report(market, console, "block_card", "no card")
    seller = feed.seller_name(SELLER)
    long, short = feed.card_name(bytes.fromhex("04a1b2c3d4e5f6")), feed.card_name(bytes.fromhex("2b090909"))
    assert stopped(cloud, market, console) == [[seller, short + long]], "a card is not what a seller's state follows"
    report(market, console, "unblock_card", "04a1b2c3d4e5f6", OTHER)
    assert stopped(cloud, market, console) == [[seller, short + long]], "found by somebody else"
    report(market, console, "unblock_card", "04a1b2c3d4e5f6")
    report(market, console, "unblock_card", "2b090909", OTHER)
    assert stopped(cloud, market, console) == [[seller, b""]]


def test_of_more_than_a_device_can_hold_the_newest_are_stopped(cloud: CloudUnderTest, market: Market) -> None:
    console = market.add("console-01", "console")
    cloud.publish_registry()
    sellers = [f"{3502000000000 + number}" for number in range(feed.MOST_STOPPED + 2)]
    for seller in sellers:
        decide(market, console, "suspend", seller)
    ((names, cards),) = stopped(cloud, market, console)
    assert (len(names), cards) == (feed.MOST_STOPPED * feed.SELLER_BYTES, b"")
    assert [feed.is_named(feed.seller_name(one), names) for one in sellers] == [False] * 2 + [True] * feed.MOST_STOPPED


def test_a_rebuild_of_the_projection_gives_nobody_back(cloud: CloudUnderTest, market: Market) -> None:
    console = market.add("console-01", "console")
    cloud.publish_registry()
    decide(market, console, "suspend", SELLER)
    held = stopped(cloud, market, console)
    stores = cloud.cloud.stores
    places = Places()
    derived = Projections(stores.ledger, stores.projections, [places])
    follower = Stopping(stores.ledger, stores.projections, lambda: derived.watermarks()[places.name])
    follower.enforce(now_ms())
    cloud.cloud.worker.stop()
    with stores.projections.alone() as connection:  # what a rebuild leaves when it is cut off
        places.tables.drop_all(connection)
        places.tables.create_all(connection)
        watermarks.start_over(connection, places.name)
    follower.enforce(now_ms())
    assert order(cloud) == held
    derived.catch_up()
    follower.enforce(now_ms())
    assert order(cloud) == held
