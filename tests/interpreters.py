"""The two interpreters that run the shared format and the firmware."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MICROPYTHON = Path(sys.executable).with_name("micropython")


def run_micropython(
    *arguments: str, search_path: str = "firmware/lib:firmware/app", heap: str = "2M", timeout_s: float = 100
) -> subprocess.CompletedProcess[str]:
    """Run the real MicroPython interpreter from the repository's root and return what it printed."""
    return subprocess.run(
        [str(MICROPYTHON), "-X", f"heapsize={heap}", *arguments],
        cwd=ROOT,
        env={**os.environ, "MICROPYPATH": search_path},
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
