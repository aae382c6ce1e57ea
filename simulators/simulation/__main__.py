"""Live many worlds and say whether every promise held: `make simulate SEEDS=10000`.

A world is devices, gateways and a cloud (the real code) in one process, with lost, late and doubled messages, power
cuts between any two durable steps, full disks and wrong clocks, all drawn from one seed. A seed that fails is printed
at once, with its last steps, and replays exactly.
"""

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from simulators.simulation import county
from simulators.simulation.county import Outcome
from simulators.simulation.planted import PLANTED
from simulators.simulation.tally import Tally

EXAMPLES = """examples:
  python -m simulators.simulation --seeds 1000                          a thousand worlds; Ctrl-C ends it with a verdict
  python -m simulators.simulation --replay 7                            one world, step by step
  python -m simulators.simulation --seeds 50 --plant free-on-puback     with a bug, which must be found"""

AT_ONCE = 2
"""Worlds that a process is handed at a time."""
STOPPED = 130
"""Exit status of a program that Ctrl-C ended."""
_FAST_DISK = Path("/dev/shm")  # noqa: S108 (each world makes a folder of its own in it)
_SILENT = 50

console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """Exit status 0 when every promise held (with a planted bug: when it was found), else 1; 130 after Ctrl-C."""
    options = _options()
    tally = Tally(console, options.plant)
    if options.replay is not None:
        outcome = live(options.replay, options.plant)
        console.print("\n".join(outcome.events), markup=False)
        tally.add(outcome)
        return tally.verdict()
    for ending in (signal.SIGINT, signal.SIGTERM):  # also in the background, where a shell lets Ctrl-C be ignored
        signal.signal(ending, signal.default_int_handler)
    seeds = range(options.first, options.first + options.seeds)
    with contextlib.closing(_live_all(seeds, options.plant, options.jobs)) as outcomes:
        try:
            for outcome in outcomes:
                tally.add(outcome)
                if not console.is_terminal and tally.worlds % options.report_every == 0:
                    console.print(tally.so_far())
        except KeyboardInterrupt:
            console.print(f"stopped after {tally.worlds} of {options.seeds} worlds")
            return tally.verdict() or STOPPED
    return tally.verdict()


def live(seed: int, plant: str) -> Outcome:
    """Live one world on a fast disk; its steps are kept only when a promise broke, or for a replay."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_SILENT))
    parent = _FAST_DISK if _FAST_DISK.is_dir() else None
    scratch = Path(tempfile.mkdtemp(prefix="chengxin-world-", dir=parent))
    try:
        return county.run(seed, scratch / "world", PLANTED[plant] if plant else county.as_it_is)
    finally:
        shutil.rmtree(scratch)


def _live_some(seeds: list[int], plant: str, is_over: Path) -> list[Outcome]:
    """Live these worlds, or as many as there is time for until the file ``is_over`` appears."""
    outcomes = [live(seed, plant) for seed in seeds if not is_over.exists()]
    return [outcome if outcome.broken else replace(outcome, events=()) for outcome in outcomes]


def _live_all(seeds: range, plant: str, jobs: int) -> Generator[Outcome, None, None]:
    """Yield the outcome of each world as it comes; with a planted bug, until it is found. Closing it ends the work."""
    portions = [list(seeds[start : start + AT_ONCE]) for start in range(0, len(seeds), AT_ONCE)]
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    pool = ProcessPoolExecutor(jobs, initializer=_leave_signals_to_the_parent)
    with tempfile.TemporaryDirectory(prefix="chengxin-worlds-") as folder, pool, bar:
        task, is_over = bar.add_task("worlds", total=len(seeds)), Path(folder) / "over"
        try:
            for finished in as_completed([pool.submit(_live_some, portion, plant, is_over) for portion in portions]):
                outcomes = finished.result()
                bar.advance(task, len(outcomes))
                yield from outcomes
                if plant and any(outcome.broken for outcome in outcomes):
                    return
        finally:
            is_over.touch()
            pool.shutdown(cancel_futures=True)


def _leave_signals_to_the_parent() -> None:
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.SIG_IGN)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="simulation", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=1000, help="how many worlds (1000)")
    parser.add_argument("--first", type=int, default=0, help="seed of the first (0)")
    parser.add_argument("--replay", type=int, metavar="SEED", help="one world, every step printed")
    parser.add_argument("--plant", choices=sorted(PLANTED), default="", help="a bug to be found")
    every = "worlds to a line where the output is no terminal (100)"
    parser.add_argument("--report-every", type=int, default=100, metavar="WORLDS", help=every)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (one for each core)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
