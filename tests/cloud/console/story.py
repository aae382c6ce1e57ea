"""A market with something in it for each room, told through real records.

story = tell(cloud, market)     # a lot in good order, one without a source, and another market far away
"""

from dataclasses import dataclass

from tracewire import record

from simulators.node import Node
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import SELLER, Market

HOSTILE = "<script>alert(1)</script>\"'{{7*7}}"


@dataclass(frozen=True)
class Told:
    """Codes to ask for."""

    lot: str
    sourceless: str
    foreign: str
    """Sold in the other market alone."""
    console: Node


def tell(cloud: CloudUnderTest, market: Market) -> Told:
    """Let two markets trade, and wait until the pages know."""
    console = market.add("console-01", "console")
    foreign_scale = market.add("scale-0900", "scale")
    foreign_scale.credential.code_base, foreign_scale.credential.site = "4401000010001", "越秀市场"
    cloud.publish_registry()
    lot = market.pork_for()
    market.card_in(lot)
    for grams in (500, 700):
        market.sell(lot, grams)
    market.say(market.wholesaler, record.TEST, {"lot": lot, "sample": "S1", "item": "瘦肉精", "method": 1, "result": 1})
    sourceless = "35020000100039000001"
    market.sell(sourceless, 300)
    foreign = "44010000100010000001"
    session = {"action": 1, "seller": "4401000019001", "stall": "B1", "lots": ((1, foreign),)}
    market.say(foreign_scale, record.SESSION, session)
    sale = {"net_grams": 400, "tare_grams": 0, "price_fen_per_kg": 9_000, "amount_fen": 3_600, "plu": 1}
    market.say(foreign_scale, record.SALE, {**sale, "lot": foreign, "weighing_back": 1})
    answer = cloud.deliver(market.envelope())
    assert not answer.refused, answer.refused
    cloud.catch_up()
    return Told(lot, sourceless, foreign, console)


def decide(cloud: CloudUnderTest, market: Market, told: Told, body: dict[str, object]) -> None:
    """Seal a decision at the console and wait until the pages know."""
    sealed = told.console.seal(record.DECISION, {"reason": "抽检不合格", "account": bytes(32), **body})
    cloud.deliver(market.envelope(sealed, by=told.console))
    cloud.catch_up()


__all__ = ("HOSTILE", "SELLER", "Told", "decide", "tell")
