"""How fast the device signs and verifies, against the textbook, on the same interpreter in the same run.

    python -m simulators.bench.signing

The bar (design §5): at least ten times the textbook's Jacobian double-and-add with Fermat inversion.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from simulators import firmware_image
from simulators.bench.figures import Figure, at_least

HERE = Path(__file__).resolve().parent
BAR = 10.0
HEAPS_KIB = range(32, 194, 2)
"""Heaps to try for the smallest in which the self-test passes: it signs, builds a verifying key and verifies."""


def measure() -> dict[str, float]:
    """Return the figures: times in milliseconds (``…_ms``), ``sign_speedup`` and ``self_test_heap_kib``.

    Raises ``subprocess.CalledProcessError`` when the device's process fails, for example because the signers disagree.
    """
    with tempfile.TemporaryDirectory() as folder:
        image = firmware_image.build(Path(folder))
        lines = _run(image, "2M", str(HERE / "signing_device.py")).stdout.splitlines()
        figures = {f"{name}_ms": float(figure) for name, figure in (line.split() for line in lines)}
        figures["sign_speedup"] = figures["textbook_sign_ms"] / figures["sign_ms"]
        figures["self_test_heap_kib"] = _smallest_heap(image)
    return figures


def _smallest_heap(image: Path) -> int:
    for kibibytes in HEAPS_KIB:
        if (
            _run(image, f"{kibibytes}K", "-c", "from tracewire import p256; p256.self_test()", check=False).returncode
            == 0
        ):
            return kibibytes
    raise RuntimeError("the self-test passes in no heap that a board has")


def _run(image: Path, heap: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the interpreter on the compiled firmware, as a board would."""
    command = [str(firmware_image.INTERPRETER), "-X", f"heapsize={heap}", *arguments]
    environment = {**os.environ, "MICROPYPATH": f"{image}:{firmware_image.REPOSITORY}"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=check)  # noqa: S603 (ours)


def figures() -> list[Figure]:
    """Measure, and return the figures for a person, the bar beside the one that has one."""
    measured = measure()
    return [
        Figure("textbook signature (Jacobian, Fermat)", f"{measured['textbook_sign_ms']:.2f} ms"),
        Figure("device signature", f"{measured['sign_ms']:.2f} ms"),
        at_least("device signature against the textbook's", measured["sign_speedup"], BAR, "times as fast"),
        Figure("device signature, hedged", f"{measured['hedged_sign_ms']:.2f} ms"),
        Figure("device signature, big integers only", f"{measured['bigint_sign_ms']:.2f} ms"),
        Figure("device verification", f"{measured['verify_ms']:.2f} ms"),
        Figure("building a verifying key", f"{measured['verifying_key_ms']:.2f} ms"),
        Figure("self-test of the signer at boot", f"{measured['self_test_ms']:.2f} ms"),
        Figure("smallest heap for that self-test", f"{measured['self_test_heap_kib']:.0f} KiB"),
    ]


if __name__ == "__main__":
    for figure in figures():
        sys.stdout.write(f"{figure.what:42}{figure.measured:24}{figure.bar}\n")
