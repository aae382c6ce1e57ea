"""A short market morning through real processes: latency from weighing to ledger, heap of the scale."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from simulators.bench.figures import Figure, at_least, at_most

SALES = 20  # long enough for a health record, which tells the free heap


def figures() -> list[Figure]:
    """Run `make demo ONCE=1` small and read its summary."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "simulators.demo", "--once", "--sales", str(SALES), "--dir", f"{folder}/demo"]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own module
        if outcome.returncode != 0:
            return [Figure("market morning", outcome.stdout[-300:], "runs to its end", holds=False)]
        summary = json.loads(Path(folder, "demo", "summary.json").read_text(encoding="utf-8"))
    latency = summary["weigh_to_committed_ms"]
    return [
        at_most("weigh to committed, p50", latency["p50"], 150, "ms"),
        at_most("weigh to committed, p99", latency["p99"], 500, "ms"),
        at_least("least free heap of a scale, of 192 KiB", summary["least_free_heap_bytes"], 1, "bytes", 0),
        at_most("signed and not committed, or doubled", summary["signed"] - summary["committed"], 0, "records"),
        Figure(f"demo of {2 * SALES} sales, set-up to end", f"{summary['seconds']} s"),
    ]
