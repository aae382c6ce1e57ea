"""The simulator: honest worlds keep every promise, planted bugs are found, and a seed replays exactly."""

import gc
import signal
import subprocess
import sys

import pytest

from simulators.simulation.__main__ import live
from simulators.simulation.county import Outcome
from simulators.simulation.planted import PLANTED

WORLDS = 90
PORTIONS = 6
ENOUGH = 1000
"""Within so many worlds a planted bug must show."""
RUN = (sys.executable, "-m", "simulators.simulation")


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


def test_a_world_leaves_nothing_behind_that_is_never_swept() -> None:
    live(3, "")
    kept_for_good = gc.get_freeze_count()
    live(4, "")
    assert gc.get_freeze_count() <= kept_for_good


def test_ctrl_c_ends_a_run_with_the_verdict_of_what_was_lived() -> None:
    command = [*RUN, "--seeds", "1000", "--jobs", "2", "--report-every", "1"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert program.stdout is not None
    first = program.stdout.readline()
    program.send_signal(signal.SIGINT)
    said, complaints = program.communicate()
    assert first.startswith("1 worlds, ")
    assert first.endswith(" worlds/s\n")
    assert said.splitlines()[-1].endswith(": 0 broke")
    assert (program.returncode, complaints) == (130, "")


def test_a_broken_world_is_told_at_once_and_how_to_see_it_again() -> None:
    command = [*RUN, "--seeds", "20", "--plant", "free-on-puback", "--jobs", "1"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.startswith("\nseed 0: ")
    assert "--replay 0 --plant free-on-puback" in said
    assert said.splitlines()[-1].endswith(" broke")
