"""The walk back through the batch graph: ends at sources, survives circles, stops in time."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from cloud.batches.graph import MOST_STEPS, walk_back
from cloud.batches.model import Balance, Link, Side, Step


def _step(index: int, used: Sequence[str], made: Sequence[str]) -> Step:
    return Step(
        index,
        tuple(Link(index, lot, Side.USED, "test") for lot in used),
        tuple(Link(index, lot, Side.MADE, "test") for lot in made),
    )


class _Graph:
    """Steps in memory, asked as the repository is."""

    def __init__(self, *steps: Step) -> None:
        self.steps = steps

    def __call__(self, lots: Sequence[str], limit: int) -> list[Step]:
        return [step for step in self.steps if {link.lot for link in step.made} & set(lots)][:limit]


def test_a_chain_is_walked_to_its_source() -> None:
    way = walk_back("stall", _Graph(_step(1, ["pig"], ["carcass"]), _step(2, ["carcass"], ["stall"])))
    assert (way.lots, [step.index for step in way.steps]) == (["stall", "carcass", "pig"], [2, 1])
    assert (way.ends, way.is_complete) == (["pig"], True)


def test_a_circle_ends_the_walk() -> None:
    way = walk_back("a", _Graph(_step(1, ["a"], ["b"]), _step(2, ["b"], ["a"])))
    assert way.lots == ["a", "b"]
    assert sorted(step.index for step in way.steps) == [1, 2]


def test_a_lot_of_nobody_is_its_own_source() -> None:
    assert walk_back("x", _Graph()).ends == ["x"]


def test_too_many_steps_are_cut_and_said() -> None:
    way = walk_back("mixed", _Graph(*(_step(index, [f"lot{index}"], ["mixed"]) for index in range(MOST_STEPS + 1))))
    assert len(way.steps) == MOST_STEPS
    assert not way.is_complete


LOTS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3)


@given(st.lists(st.tuples(LOTS, LOTS), max_size=12))
def test_any_graph_ends_and_visits_each_step_once(edges: list[tuple[list[str], list[str]]]) -> None:
    way = walk_back("a", _Graph(*(_step(index, used, made) for index, (used, made) in enumerate(edges))))
    indexes = [step.index for step in way.steps]
    assert len(indexes) == len(set(indexes))
    assert len(way.lots) == len(set(way.lots))
    assert set(way.ends) <= set(way.lots)


def test_what_is_left_is_unknown_where_something_was_not_weighed() -> None:
    assert Balance(1000, 200, 300, 2).left_grams == 500
    assert Balance(1000, 0, 1200, 2).left_grams == -200
    assert Balance(None, 0, 300, 2).left_grams is None
    assert Balance(1000, None, 300, 2).left_grams is None
