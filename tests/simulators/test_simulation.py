"""The simulator: honest worlds keep every promise, planted bugs are found, and a seed replays exactly."""

import pytest

from simulators.simulation.__main__ import live
from simulators.simulation.county import Outcome
from simulators.simulation.planted import PLANTED

WORLDS = 90
PORTIONS = 6
ENOUGH = 1000
"""Within so many worlds a planted bug must show."""


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_every_promise_holds_in_every_world(portion: int) -> None:
    outcomes = [live(seed, "") for seed in range(portion, WORLDS, PORTIONS)]
    assert [(each.seed, each.broken) for each in outcomes if each.broken] == []
    assert sum(each.signed for each in outcomes) > 10 * len(outcomes)
    assert sum(each.acted for each in outcomes) > 2 * len(outcomes)


@pytest.mark.parametrize("plant", sorted(PLANTED))
def test_a_planted_bug_is_found(plant: str) -> None:
    found = next(outcome for seed in range(ENOUGH) if (outcome := live(seed, plant)).broken)
    assert found.broken in found.events[-1]


def test_a_seed_replays_exactly() -> None:
    first, second = live(3, ""), live(3, "")
    assert isinstance(first, Outcome)
    assert first == second
    assert len(first.events) > 10


def test_two_seeds_are_two_worlds() -> None:
    assert live(3, "").events != live(4, "").events
