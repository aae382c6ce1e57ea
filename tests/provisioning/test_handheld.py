"""The set-up file of a handheld: what it must say, and what lands on the board."""

from pathlib import Path

import pytest
from tracewire.errors import Misuse

from provisioning import handheld

GOOD = 'gateway = { name = "gateway-01", host = "192.168.1.10", port = 8883 }\n'


def read(tmp_path: Path, text: str) -> handheld.HandheldSetup:
    file = tmp_path / "handheld.toml"
    file.write_text(text, encoding="utf-8")
    return handheld.read(file)


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD) == handheld.HandheldSetup("gateway-01", "192.168.1.10", 8883)
    assert read(tmp_path, GOOD + "journal_bytes = 65536\n").journal_bytes == 65_536


def test_a_scales_file_serves_as_well(tmp_path: Path) -> None:
    scale = GOOD + 'trace_url = "http://t/t/"\nplu = []\nscale = { max_g = 15000 }\n'
    assert read(tmp_path, scale) == read(tmp_path, GOOD)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "setup.missing"),
        ("gateway = 1", "setup.missing"),
        ("gateway = {", "setup.toml"),
        (GOOD.replace("8883", "0"), "setup.port"),
        (GOOD.replace("8883", '"8883"'), "setup.port"),
        (GOOD.replace("192.168.1.10", ""), "setup.gateway"),
        (GOOD.replace("gateway-01", "Gateway"), "setup.gateway"),
        (GOOD + "journal_bytes = 100\n", "setup.number"),
    ],
)
def test_what_is_missing_or_wrong_is_named(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(Misuse) as refusal:
        read(tmp_path, text)
    assert refusal.value.code == code


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Misuse) as refusal:
        handheld.read(tmp_path / "absent.toml")
    assert refusal.value.code == "setup.file"
