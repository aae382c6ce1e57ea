"""Live many worlds and say whether every promise held: `make simulate SEEDS=10000`.

A world is devices, gateways and a cloud (the real code) in one process, with lost, late and doubled messages, power
cuts between any two durable steps, full disks and wrong clocks, all drawn from one seed. A seed that fails is printed
with its last steps and replays exactly.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from simulators.simulation import county
from simulators.simulation.county import Outcome
from simulators.simulation.planted import PLANTED

EXAMPLES = """examples:
  python -m simulators.simulation --seeds 1000                          a thousand worlds
  python -m simulators.simulation --replay 7                            one world, step by step
  python -m simulators.simulation --seeds 50 --plant free-on-puback     with a bug, which must be found"""

STEPS_SHOWN = 25
AT_ONCE = 10
_FAST_DISK = Path("/dev/shm")  # noqa: S108 (each world makes a folder of its own in it)
_SILENT = 50

console = Console(highlight=False)


def main() -> int:
    """Exit status 0 when every promise held (with a planted bug: when it was found), else 1."""
    options = _options()
    if options.replay is not None:
        outcome = live(options.replay, options.plant)
        console.print("\n".join(outcome.events), markup=False, soft_wrap=True)
        return _verdict([outcome], options.plant)
    seeds = range(options.first, options.first + options.seeds)
    return _verdict(list(_live_all(seeds, options.plant, options.jobs)), options.plant)


def live(seed: int, plant: str) -> Outcome:
    """Live one world on a fast disk; its steps are kept only when a promise broke, or for a replay."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_SILENT))
    parent = _FAST_DISK if _FAST_DISK.is_dir() else None
    scratch = Path(tempfile.mkdtemp(prefix="chengxin-world-", dir=parent))
    try:
        return county.run(seed, scratch / "world", PLANTED[plant] if plant else county.as_it_is)
    finally:
        shutil.rmtree(scratch)


def _live_some(seeds: list[int], plant: str) -> list[Outcome]:
    outcomes = [live(seed, plant) for seed in seeds]
    return [outcome if outcome.broken else replace(outcome, events=()) for outcome in outcomes]


def _live_all(seeds: range, plant: str, jobs: int) -> Iterator[Outcome]:
    """Yield the outcome of each world as it comes; with a planted bug, until it is found."""
    portions = [list(seeds[start : start + AT_ONCE]) for start in range(0, len(seeds), AT_ONCE)]
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with ProcessPoolExecutor(jobs) as pool, Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("worlds", total=len(seeds))
        for finished in as_completed([pool.submit(_live_some, portion, plant) for portion in portions]):
            outcomes = finished.result()
            progress.advance(task, len(outcomes))
            yield from outcomes
            if plant and any(outcome.broken for outcome in outcomes):
                pool.shutdown(cancel_futures=True)
                return


def _verdict(outcomes: list[Outcome], plant: str) -> int:
    broken = [outcome for outcome in outcomes if outcome.broken]
    signed = sum(outcome.signed for outcome in outcomes)
    acted = sum(outcome.acted for outcome in outcomes)
    hours = sum(outcome.seconds for outcome in outcomes) / 3600
    lived = f"{len(outcomes)} worlds, {hours:.1f} simulated hours"
    console.print(f"{lived}, {signed} records signed, {acted} statements acted on: {len(broken)} broke", soft_wrap=True)
    for outcome in sorted(broken, key=lambda one: one.seed)[:3]:
        console.print(f"\nseed {outcome.seed}: {outcome.broken}", markup=False, soft_wrap=True)
        console.print("\n".join(outcome.events[-STEPS_SHOWN:]), markup=False, soft_wrap=True)
        again = f" --plant {plant}" if plant else ""
        console.print(f"again, from its beginning: python -m simulators.simulation --replay {outcome.seed}{again}")
    return 0 if bool(broken) == bool(plant) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="simulation", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=1000, help="how many worlds (1000)")
    parser.add_argument("--first", type=int, default=0, help="seed of the first (0)")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one world, every step printed")
    parser.add_argument("--plant", choices=sorted(PLANTED), default="", help="a bug to be found")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (one for each core)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
