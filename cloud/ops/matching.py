"""Which weighing became which sale: every stable weighing carries one sale, every sale rests on one of its own.

Kept is only what found no partner: weighings that became no sale, sales without a stable weight. A partner that comes
later, out of an offline week, takes its row away again.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, insert, select
from tracewire import record as records

from cloud.db.bulk import insert_rows
from cloud.db.lookup import Lookup
from cloud.ledger.entry import Entry
from cloud.ops.tables import day_of, unmatched

WEIGHING, SALE = "weighing", "sale"

ANY_GRAMS = -1
"""Of a carcass or a movement: it says which weighing it used, but its mass is not the net of that weighing."""

_SPEAK_OF_WEIGHING = (records.WEIGHING, records.SALE, records.CARCASS, records.MOVEMENT)
_ADD = insert(unmatched)
_TAKE_AWAY = delete(unmatched).where(unmatched.c.device == bindparam("b_device"), unmatched.c.seq == bindparam("b_seq"))


class Half(NamedTuple):
    """A weighing or a sale that waits for the other; fields as the columns of ``fleet_unmatched``."""

    device: str
    seq: int
    weighing_seq: int
    kind: str
    day: int
    moment_ms: int
    grams: int


_HALVES = Lookup(
    (unmatched.c.device, unmatched.c.weighing_seq),
    lambda asked: select(*(unmatched.c[name] for name in Half._fields)).join_from(
        asked,
        unmatched,
        and_(unmatched.c.device == asked.c.device, unmatched.c.weighing_seq == asked.c.weighing_seq),
    ),
)


def match(connection: Connection, entries: Sequence[Entry]) -> None:
    """Take weighings and what was made of them into the table, in the order of the ledger."""
    halves = [half for entry in entries if (half := half_of(entry)) is not None]
    if not halves:
        return
    keys = sorted({(half.device, half.weighing_seq) for half in halves})
    stored = [Half._make(row) for row in _HALVES.rows(connection, keys)]
    left = pair(stored, halves)
    gone = [{"b_device": half.device, "b_seq": half.seq} for half in stored if half not in left]
    if gone:
        connection.execute(_TAKE_AWAY, gone)
    insert_rows(connection, _ADD, [half._asdict() for half in halves if half in left])


def half_of(entry: Entry) -> Half | None:
    """Return what a record says about weighing and selling; None when it says nothing."""
    if entry.kind not in _SPEAK_OF_WEIGHING:
        return None
    body = entry.body
    if entry.kind == records.WEIGHING:
        kind, weighing_seq, grams = WEIGHING, entry.seq, body["net_grams"]
    elif "weighing_back" in body:
        kind, weighing_seq = SALE, entry.seq - body["weighing_back"]
        grams = body["net_grams"] if entry.kind == records.SALE else ANY_GRAMS
    else:
        return None
    return Half(entry.device, entry.seq, weighing_seq, kind, day_of(entry.moment_ms), entry.moment_ms, grams)


def pair(stored: Iterable[Half], halves: Iterable[Half]) -> set[Half]:
    """Return those of all that have no partner, when they come one after the other."""
    waiting: dict[tuple[str, int], set[Half]] = {}
    for half in stored:
        waiting.setdefault((half.device, half.weighing_seq), set()).add(half)
    for half in halves:
        there = waiting.setdefault((half.device, half.weighing_seq), set())
        partner = min((other for other in there if _fit(half, other)), default=None)
        if partner is None:
            there.add(half)
        else:
            there.remove(partner)
    return set().union(*waiting.values())


def _fit(one: Half, other: Half) -> bool:
    return one.kind != other.kind and (one.grams == other.grams or ANY_GRAMS in (one.grams, other.grams))
