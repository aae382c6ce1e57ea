"""The soak at CI size: every trouble once at every device, all of it in the ledger; ``make soak`` is the whole day."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interpreters import ROOT

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

TROUBLES = {
    "scale-0001": {"no paper", "tampered", "wrong card", "foreign card", "cut in a sale"},
    "line-0002": {"tampered", "no paper", "cut under a carcass", "same tag", "garbled tag"},
    "hall-0002": {
        "cut after a deal", "cut in a write", "card pulled out", "foreign card", "copied card", "card set back",
        "overdrawn", "no paper", "tampered",
    },
    "handheld-0001": {"cut in a form", "no sky"},
}  # fmt: skip


def test_every_sealed_record_is_in_the_ledger_once_and_every_fault_in_a_record(tmp_path: Path) -> None:
    folder = tmp_path / "soak"
    outcome = subprocess.run(
        [sys.executable, "-m", "simulators.soak", "--trades", "10", "--every", "1", "--dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert (summary["signed"], summary["doubled"], summary["errors"]) == (summary["committed"], 0, [])
    assert summary["slips"] >= 10
    for device, troubles in TROUBLES.items():
        done = summary["devices"][device]
        assert troubles <= done.keys() and done["boot"] >= 3, (device, done)
