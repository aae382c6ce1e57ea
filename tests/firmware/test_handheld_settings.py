"""What a handheld reads at boot: everything it needs, nothing of a scale, and a plain code for what is wrong."""

from pathlib import Path
from typing import Any

import pytest
from device.config import Config
from handheld import settings
from tracewire import cbor
from tracewire.errors import Misuse

POINT = b"\x04" + bytes(64)
GOOD: dict[int, Any] = {
    1: "handheld-0001", 2: "127.0.0.1", 3: 8883, 4: "gateway-01", 9: [[1, POINT], [2, POINT]], 14: 65_536,
}  # fmt: skip


def load(tmp_path: Path, content: bytes) -> Config:
    (tmp_path / "config.cbor").write_bytes(content)
    return settings.load(str(tmp_path))


def test_a_handhelds_configuration_is_read(tmp_path: Path) -> None:
    told = load(tmp_path, cbor.encode(GOOD))
    assert (told.name, told.gateway_port, told.journal_bytes) == ("handheld-0001", 8883, 65_536)
    assert told.keepers == ((1, POINT), (2, POINT))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({1: "Handheld"}, "config.name"),
        ({2: 7}, "config.gateway_host"),
        ({3: 0}, "config.gateway_port"),
        ({3: True}, "config.gateway_port"),
        ({9: []}, "config.keepers"),
        ({9: [[3, POINT]]}, "config.keepers"),
        ({9: [[1, POINT[:-1]]]}, "config.keepers"),
        ({9: [1]}, "config.keepers"),
        ({14: 100}, "config.journal_bytes"),
        ({10: 15_000}, "config.unknown"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: dict[int, Any], code: str) -> None:
    with pytest.raises(Misuse) as refusal:
        load(tmp_path, cbor.encode({**GOOD, **change}))
    assert refusal.value.code == code


@pytest.mark.parametrize(("content", "code"), [(b"", "config.broken"), (b"\x80", "config.broken")])
def test_a_broken_file_stops_the_boot(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(Misuse) as refusal:
        load(tmp_path, content)
    assert refusal.value.code == code


def test_a_device_that_was_never_enrolled_says_so(tmp_path: Path) -> None:
    with pytest.raises(Misuse) as refusal:
        settings.load(str(tmp_path))
    assert refusal.value.code == "config.absent"
