"""Step 10 of 11, batch link: from each record to the lots it touches, with the rule that matched.

Before: cloud/ledger/log.py
After: cloud/trace/view.py

Why a link never looks at other records: a hole may be filled days later, so links must come out the same in any order
of arrival. What needs two records (was this lot on the seller's card at that moment?) is asked when somebody reads.
A record of a device in quarantine is in the ledger but links to nothing.
"""

from collections.abc import Callable

from tracewire import record as records
from tracewire.vocabulary import MOVEMENTS

from cloud.batches.model import Link, Side
from cloud.ledger.entry import Entry


def link(entry: Entry) -> list[Link]:
    """Return how a record touches lots; empty for one that concerns none."""
    rule = _RULES.get(entry.kind)
    return [] if rule is None else rule(entry)


def _touch(entry: Entry, lot: str, side: Side, rule: str, grams: int | None = None) -> Link:
    return Link(entry.index, lot, side, rule, grams, entry.moment_ms)


def _lot(entry: Entry) -> list[Link]:
    return [_touch(entry, entry.body["lot"], Side.CODED, "lot.coded", entry.body.get("net_grams"))]


def _carcass(entry: Entry) -> list[Link]:
    body = entry.body
    return [
        # The live pig was not weighed on this line, so nothing is known of what left the pig lot but one head.
        _touch(entry, body["lot"], Side.USED, "carcass.from_lot"),
        _touch(entry, body["carcass"], Side.MADE, "carcass.weighed", body["hot_grams"]),
    ]


def _movement(entry: Entry) -> list[Link]:
    body = entry.body
    inputs, outputs, word = body["inputs"], body.get("outputs", ()), movement_word(entry)
    stays = {lot for lot, _ in inputs} & {lot for lot, _ in outputs}
    if not outputs and word == "transfer":
        stays = {lot for lot, _ in inputs}
    links = [
        _touch(entry, lot, Side.MOVED if lot in stays else Side.USED, word + ".input", grams) for lot, grams in inputs
    ]
    return links + [
        _touch(entry, lot, Side.MADE, word + ".output", grams) for lot, grams in outputs if lot not in stays
    ]


def movement_word(entry: Entry) -> str:
    """Return what kind of movement a movement record states."""
    return MOVEMENTS[entry.body["movement"]]


def step_word(entry: Entry) -> str:
    """Return what kind of step a record is: "slaughter", or the word of its movement."""
    return "slaughter" if entry.kind == records.CARCASS else movement_word(entry)


def _sale(entry: Entry) -> list[Link]:
    return [_touch(entry, entry.body["lot"], Side.SOLD, "sale.names_lot", entry.body["net_grams"])]


def _about(entry: Entry) -> list[Link]:
    lot = entry.body.get("lot")
    return [] if lot is None else [_touch(entry, lot, Side.ABOUT, "names_lot")]


_RULES: dict[int, Callable[[Entry], list[Link]]] = {
    records.LOT: _lot,
    records.CARCASS: _carcass,
    records.MOVEMENT: _movement,
    records.SALE: _sale,
    records.TEST: _about,
    records.DOCUMENT: _about,
    records.DECISION: _about,
}
