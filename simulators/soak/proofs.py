"""`make soak PROOFS=50`: the proofs that CI has ten minutes for, at fifty times their size, one after the other.

    python -m simulators.soak.proofs --times 2                       twice CI's size: half an hour
    python -m simulators.soak.proofs --times 50 --only simulation    one of them

simulation   worlds with faults in one process, every promise judged at each step (`simulators/simulation`)
force        real processes killed, bad networks, a full disk, three days offline (`tests/force`), every packet
             identifier of MQTT behind both brokers
fuzz         every property that Hypothesis and Schemathesis try to break, here and under MicroPython
traces       traces, recall and linking in a ledger of 10,000,000 records (`--records`), by the bars of `make bench`

Each is a command of its own, printed before it runs, so that one can be run again. Exit status 1 when one fails.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from simulators.firmware_image import REPOSITORY

WORLDS, KILLS, OFFLINE_STEP_S = 90, 12, 1_800
"""CI's sizes: worlds, faults behind each broker, simulated seconds between two records of a device."""
RECORDS = 10_000_000
"""In the ledger of the traces; `make bench` has a tenth."""

_PYTEST = ("-m", "pytest", "-q", "-o", "timeout=0")

console = Console(highlight=False)


@dataclass(frozen=True)
class Proof:
    """One thing to run: arguments of this interpreter, and what is set in its environment."""

    name: str
    arguments: tuple[str, ...]
    setting: dict[str, str] = field(default_factory=dict)

    def holds(self) -> bool:
        """Run it where everybody can watch; tell whether it held."""
        setting = "".join(f"{name}={value} " for name, value in self.setting.items())
        console.rule(f"{setting}python {' '.join(self.arguments)}")
        return not subprocess.run(  # noqa: S603  # our own words alone
            [sys.executable, *self.arguments], cwd=REPOSITORY, env={**os.environ, **self.setting}, check=False
        ).returncode


def proofs(times: int, records: int) -> list[Proof]:
    """Return all of them at a size."""
    force = {"CHENGXIN_FORCE_FAULTS": KILLS * times, "CHENGXIN_FORCE_STEP_S": max(1, OFFLINE_STEP_S // times)}
    identifiers = "tests/edge/conformance/test_packets.py"
    return [
        Proof("simulation", ("-m", "simulators.simulation", "--seeds", str(WORLDS * times))),
        Proof("force", (*_PYTEST, "tests/force", identifiers), {**_words(force), "CHENGXIN_SOAK": "1"}),
        Proof("fuzz", (*_PYTEST, "-n", "2", "-m", "hypothesis", "tests"), _words({"CHENGXIN_EXAMPLES": times})),
        Proof("traces", ("-m", "simulators.bench", "tracing"), _words({"CHENGXIN_BENCH_RECORDS": records})),
    ]


def main() -> int:
    """Run what was asked for, tell what held and how long it took."""
    options = _options()
    chosen = [proof for proof in proofs(options.times, options.records) if options.only in ("", proof.name)]
    told, is_well = Table("proof", "held", "minutes", title=f"{options.times} times CI", title_justify="left"), True
    for proof in chosen:
        started = time.monotonic()
        held = proof.holds()
        told.add_row(proof.name, "yes" if held else "NO", f"{(time.monotonic() - started) / 60:.1f}")
        is_well &= held
    console.print(told)
    return int(not is_well)


def _words(setting: dict[str, int]) -> dict[str, str]:
    return {name: str(value) for name, value in setting.items()}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="proofs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [proof.name for proof in proofs(1, RECORDS)]
    parser.add_argument("--times", type=int, default=1, help="CI's size (1)")
    parser.add_argument("--records", type=int, default=RECORDS, help=f"in the ledger of the traces ({RECORDS:,})")
    parser.add_argument("--only", choices=names, default="", help="one of them instead of all")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
