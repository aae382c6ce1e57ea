"""``cloud.toml``: complete or refused."""

from pathlib import Path

import pytest
from tracewire.errors import Misuse

from cloud.config import TEMPLATE, load

COMPLETE = TEMPLATE.format(ingest_port=1, public_port=2)


def test_the_file_that_init_writes_is_complete(tmp_path: Path) -> None:
    (tmp_path / "cloud.toml").write_text(COMPLETE, encoding="utf-8")
    config = load(tmp_path)
    assert (config.ingest_port, config.public_port, config.clock_ahead_hours) == (1, 2, 24)
    assert config.max_envelope_bytes == 8 * 1024 * 1024


BROKEN = {
    "config.toml": "ingest_host = ",
    "config.unknown": COMPLETE + "\nclock_ahead = 3\n",
    "config.value": COMPLETE.replace("clock_ahead_hours = 24", 'clock_ahead_hours = "24"'),
}


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_file_is_refused(tmp_path: Path, code: str) -> None:
    (tmp_path / "cloud.toml").write_text(BROKEN[code], encoding="utf-8")
    with pytest.raises(Misuse) as refusal:
        load(tmp_path)
    assert refusal.value.code == code


def test_a_missing_key_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"config\.missing"):
        load(tmp_path)
    (tmp_path / "cloud.toml").write_text(COMPLETE.replace("public_port = 2", ""), encoding="utf-8")
    with pytest.raises(Misuse, match="public_port"):
        load(tmp_path)
