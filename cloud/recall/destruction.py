"""What was destroyed of a recalled lot, how that is proved, and what is still missing before the case may close.

Weight in = weight destroyed (Licheng plan 三(五), no second sale; Zhengzhou art. 9): a disposal names the lots with the
masses that went in, and what the destruction itself weighed. It counts when that weight stands in a weighing record of
the same device and agrees with what went in, within the tolerance of the goods. A lot is settled when what should be
left of it is within its tolerance; animals, which are not weighed on the way in, when every head became a carcass.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracewire import record as records
from tracewire.vocabulary import CARCASS_SIDES

from cloud.batches import tolerances
from cloud.ledger.entry import Entry
from cloud.trace.evidence import Evidence
from cloud.trace.forward import Spread

_HALVES = {CARCASS_SIDES.index("whole"): 2, CARCASS_SIDES.index("left"): 1, CARCASS_SIDES.index("right"): 1}


@dataclass(frozen=True)
class Destruction:
    """Disposal at ledger ``index``: what went in, what was destroyed, and whether that is proved."""

    index: int
    device: str
    site: str
    moment_ms: int
    lots: tuple[tuple[str, int], ...]
    """Each lot of this case with its grams; the movement may name others."""
    put_in_grams: int
    """All lots of the movement together."""
    destroyed_grams: int | None
    """As weighed at the destruction; None when nobody says."""
    weighing_index: int | None
    """The weighing record that shows it; None when there is none, or another weight in it."""
    agrees: bool


@dataclass(frozen=True)
class Obstacle:
    """Why a case is not closed by its destruction.

    ``left``: this should still be there. ``unknown``: nobody weighed all that left the lot. ``unweighed`` and
    ``mismatch``: the disposal at ``index`` has no weighing, or weighs something else than what went in.
    """

    code: str
    lot: str | None = None
    index: int | None = None
    grams: int | None = None


def of_case(evidence: Evidence, way: Spread) -> list[Destruction]:
    """Return every disposal of these lots, oldest record first."""
    goods = {fate.lot: fate.goods for fate in way.fates}
    disposals = evidence.entries(sorted(step.index for step in way.passages if step.kind == "dispose"))
    return [_destruction(evidence, entry, goods) for entry in disposals]


def obstacles(evidence: Evidence, way: Spread, destructions: Sequence[Destruction]) -> list[Obstacle]:
    """Return what is not accounted for; nothing when every gram is sold or provably destroyed."""
    return [*_of_lots(evidence, way), *_of_destructions(destructions)]


def _of_lots(evidence: Evidence, way: Spread) -> Iterator[Obstacle]:
    gone = _slaughtered(evidence, way)
    for fate in way.fates:
        if fate.left_grams is None:
            if fate.lot not in gone:
                yield Obstacle("unknown", lot=fate.lot)
        elif fate.left_grams > tolerances.of_goods(fate.goods).of(fate.came_grams):
            yield Obstacle("left", lot=fate.lot, grams=fate.left_grams)


def _of_destructions(destructions: Sequence[Destruction]) -> Iterator[Obstacle]:
    for each in destructions:
        if each.weighing_index is None:
            yield Obstacle("unweighed", index=each.index)
        elif not each.agrees:
            assert each.destroyed_grams is not None
            yield Obstacle("mismatch", index=each.index, grams=each.destroyed_grams - each.put_in_grams)


def _destruction(evidence: Evidence, entry: Entry, goods: dict[str, str]) -> Destruction:
    inputs, destroyed = entry.body["inputs"], entry.body.get("waste_grams")
    allowed = sum(tolerances.of_goods(goods.get(lot, "")).of(grams) for lot, grams in inputs)
    put_in = sum(grams for _, grams in inputs)
    weighing = _weighing(evidence, entry)
    return Destruction(
        index=entry.index,
        device=entry.device,
        site=entry.site,
        moment_ms=entry.moment_ms,
        lots=tuple((lot, grams) for lot, grams in inputs if lot in goods),
        put_in_grams=put_in,
        destroyed_grams=destroyed,
        weighing_index=weighing.index if weighing and weighing.body["net_grams"] == destroyed else None,
        agrees=destroyed is not None and abs(destroyed - put_in) <= allowed,
    )


def _weighing(evidence: Evidence, entry: Entry) -> Entry | None:
    back = entry.body.get("weighing_back")
    found = None if back is None else evidence.at_seq(entry.device, entry.seq - back)
    return found if found is not None and found.record.kind == records.WEIGHING else None


def _slaughtered(evidence: Evidence, way: Spread) -> set[str]:
    """Return the lots of animals of which every head became a carcass here."""
    unweighed = [fate.lot for fate in way.fates if fate.left_grams is None]
    heads = {
        entry.body["lot"]: entry.body["head_count"]
        for entry in evidence.coded(unweighed)
        if entry.record.kind == records.LOT and "head_count" in entry.body
    }
    halves = dict.fromkeys(heads, 0)
    for entry in evidence.entries(sorted(step.index for step in way.passages if step.kind == "slaughter")):
        if entry.body["lot"] in halves:
            halves[entry.body["lot"]] += _HALVES[entry.body["side"]]
    return {lot for lot, count in heads.items() if halves[lot] >= 2 * count}
