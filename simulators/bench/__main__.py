"""`make bench`: the figures of the README, measured now, side by side on this machine.

    python -m simulators.bench            all
    python -m simulators.bench wire       one group: wire, signing, selling, ingest, nodered, growth, fleet, drain,
                                          log, morning, dashboard, tracing, line, day

Rates on a shared machine differ by tens of percent from run to run; ratios inside one run are what to compare.
"""

import os
import platform
import sys

from rich.console import Console
from rich.table import Table

from simulators.bench import (
    dashboard,
    day,
    drain,
    fleet,
    growth,
    ingest,
    line,
    log,
    morning,
    nodered,
    selling,
    signing,
    tracing,
    wire,
)
from simulators.bench.figures import Figure

GROUPS = {
    "wire": wire.figures,
    "signing": signing.figures,
    "selling": selling.figures,
    "ingest": ingest.figures,
    "nodered": nodered.figures,
    "growth": growth.figures,
    "fleet": fleet.figures,
    "drain": drain.figures,
    "log": log.figures,
    "morning": morning.figures,
    "dashboard": dashboard.figures,
    "tracing": tracing.figures,
    "line": line.figures,
    "day": day.figures,
}


def main(names: list[str]) -> int:
    """Measure the named groups, or all; exit status 1 when a bar is missed."""
    console = Console()
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        console.print(f"no such group: {unknown[0]}; there are {', '.join(GROUPS)}")
        return 2
    console.print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    table = Table("what", "measured", "bar", title="make bench", title_justify="left")
    figures: list[Figure] = []
    for name in names or list(GROUPS):
        console.print(f"measuring {name} ...")
        for figure in GROUPS[name]():
            figures.append(figure)
            verdict = "" if figure.holds is None else "  ok" if figure.holds else "  MISSED"
            table.add_row(figure.what, figure.measured, figure.bar + verdict)
    console.print(table)
    return int(any(figure.holds is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
