"""The graph over random histories, in any order and any pages: the same sums and flags as a model that is too simple to
be wrong. Among them come circles, splits heavier than their lot, two lots with one code, and sales before their lot.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine
from tracewire import record

from cloud.batches import flagged, repository, stock, tolerances
from cloud.batches.projection import BatchLinks
from cloud.ledger.entry import Entry
from simulators.node import Node
from tests.examples import examples

LOTS = tuple(f"3502000010003000000{number}" for number in range(5))
GOODS = "猪肉"
SPLIT, MERGE, TRANSFORM = 2, 3, 4
Side = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Happening:
    """A lot coded (made only), a step (used and made), or a sale (used only, by ``kind``)."""

    kind: int
    used: Side = ()
    made: Side = ()
    word: int = SPLIT

    def entry(self, index: int, node: Node) -> Entry:
        """Return it as the record at a place of the ledger, sealed by the one device there is."""
        if self.kind == record.LOT:
            ((lot, grams),) = self.made
            body: dict[str, Any] = {"lot": lot, "source": 2, "goods": GOODS, "net_grams": grams}
            body |= {"place": "河田镇", "division": "350821"}
        elif self.kind == record.SALE:
            ((lot, grams),) = self.used
            body = {"lot": lot, "net_grams": grams, "plu": 1, "tare_grams": 0, "weighing_back": 1}
            body |= {"price_fen_per_kg": 1_000, "amount_fen": grams}
        else:
            body = {"movement": self.word, "inputs": self.used, "outputs": self.made, "goods": GOODS}
        sealed = node.seal(self.kind, body, index)
        where = {"device": node.name, "site": "第八市场", "standing": "active", "gateway": "gateway-01"}
        times = dict.fromkeys(("received_ms", "committed_ms", "moment_ms"), 0)
        return Entry(index=index, seq=index, kind=self.kind, digest=b"", kid=b"", sealed=sealed, **where, **times)


masses = st.tuples(st.sampled_from(LOTS), st.integers(1, 50).map(lambda count: count * 1_000))
sides = st.lists(masses, min_size=1, max_size=2, unique_by=lambda side: side[0]).map(tuple)
happenings = st.one_of(
    st.builds(lambda mass: Happening(record.LOT, made=(mass,)), masses),
    st.builds(lambda mass: Happening(record.SALE, used=(mass,)), masses),
    st.builds(
        lambda used, made, word: Happening(record.MOVEMENT, used, made, word),
        sides,
        sides,
        st.sampled_from((SPLIT, MERGE, TRANSFORM)),
    ),
)


@settings(max_examples=examples(40), deadline=None, database=None)
@given(history=st.lists(happenings, max_size=14), shuffle=st.randoms(use_true_random=False), page=st.integers(1, 5))
def test_any_order_gives_the_sums_and_flags_of_the_model(history: list[Happening], shuffle: Any, page: int) -> None:
    expected_sums, expected_flags = model_sums(history), model_flags(history)
    sums, flags = grown(history, page)
    assert sums == expected_sums
    assert {flag for flag in flags if flag[1] != "mixed"} == expected_flags
    shuffle.shuffle(history)
    assert grown(history, page) == (sums, flags)


def grown(
    history: Sequence[Happening], page: int
) -> tuple[dict[str, tuple[int, ...]], set[tuple[str, str, int | None]]]:
    """Return sums and flags as the projection keeps them, fed in pages."""
    engine, node = create_engine("sqlite://"), Node("scale-0001")
    with engine.begin() as connection:
        repository.TABLES.create_all(connection)
        entries = [happening.entry(index, node) for index, happening in enumerate(history, 1)]
        for start in range(0, len(entries), page):
            BatchLinks().apply(connection, entries[start : start + page])
        found = sums_of(connection), {(flag.lot, flag.code, flag.grams) for flag in flagged.of_lots(connection, LOTS)}
    engine.dispose()
    return found


def sums_of(connection: Connection) -> dict[str, tuple[int, ...]]:
    """Return (coded, made, used, sold) grams of every lot that has any."""
    rows = {
        each.lot: (each.coded_grams, each.made_grams, each.used_grams, each.sold_grams)
        for each in stock.of_lots(connection, LOTS)
    }
    return {lot: masses for lot, masses in rows.items() if any(masses)}


def model_sums(history: Sequence[Happening]) -> dict[str, tuple[int, ...]]:
    """Add up what each lot was coded, made, used and sold, one happening after the other."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for happening in history:
        for lot, grams in gone(happening):
            sums[lot][3 if happening.kind == record.SALE else 2] += grams
        for lot, grams in come(happening):
            sums[lot][0 if happening.kind == record.LOT else 1] += grams
    return {lot: tuple(masses) for lot, masses in sums.items() if any(masses)}


def model_flags(history: Sequence[Happening]) -> set[tuple[str, str, int | None]]:
    """Return the flags that follow, each by its plain definition."""
    found: set[tuple[str, str, int | None]] = set()
    codings = Counter(lot for each in history if each.kind == record.LOT for lot, _ in each.made)
    found |= {(lot, "coded_twice", None) for lot, count in codings.items() if count > 1}
    for lot, (coded, made, used, sold) in model_sums(history).items():
        came, went = made or coded, used + sold
        if not came:
            found.add((lot, "no_upstream", None))
        elif went - came > tolerances.of_goods(GOODS).of(came):
            found.add((lot, "oversold", went - came))
    for happening in history:
        if happening.kind == record.MOVEMENT:
            found |= set(disagreement(happening))
    return found | {(lot, "circle", None) for lot in LOTS if lot in downstream(history, lot)}


def disagreement(step: Happening) -> Iterator[tuple[str, str, int | None]]:
    """Yield what is wrong with the masses of one step."""
    came, went = (sum(grams for _, grams in side) for side in (step.used, step.made))
    if abs(went - came) > tolerances.of_goods(GOODS).of(came):
        for lot, _ in step.made:
            yield lot, "gained" if went > came else "vanished", abs(went - came)


def downstream(history: Sequence[Happening], start: str) -> set[str]:
    """Return everything made of a lot, itself if it is its own ancestor."""
    reached: set[str] = set()
    while True:
        near = reached | {start}
        grown_to = {lot for each in history if near & {used for used, _ in gone(each)} for lot, _ in come(each)}
        if grown_to <= reached:
            return reached
        reached |= grown_to


def gone(happening: Happening) -> Side:
    """Return what left a lot; a lot on both sides of a step only moved."""
    stays = {lot for lot, _ in happening.made}
    return tuple(side for side in happening.used if side[0] not in stays)


def come(happening: Happening) -> Side:
    """Return what came into a lot."""
    stays = {lot for lot, _ in happening.used}
    return tuple(side for side in happening.made if side[0] not in stays)
