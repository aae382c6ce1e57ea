"""The registry in force: newest good one, never an older, never one of another root."""

from pathlib import Path

import pytest
from tracewire.errors import Misuse, Rejected

from edge.keyring import Keyring
from simulators.node import Node, Trust, now_ms
from tests.edge.conftest import Bench


def test_a_newer_registry_is_taken_when_the_file_changes(bench: Bench) -> None:
    assert not bench.keyring.refresh(now_ms())
    bench.nodes["scale-0009"] = Node("scale-0009")
    bench.registry_path.write_bytes(bench.bundle())
    assert bench.keyring.refresh(now_ms())
    assert bench.keyring.find(bench.nodes["scale-0009"].kid).name == "scale-0009"


def test_an_older_registry_leaves_the_newer_in_force(bench: Bench) -> None:
    old = bench.registry_path.read_bytes()
    bench.registry_path.write_bytes(bench.bundle())
    bench.keyring.refresh(now_ms())
    bench.registry_path.write_bytes(old)
    assert not bench.keyring.refresh(now_ms())
    assert bench.keyring.serial == 2


@pytest.mark.parametrize("content", [b"", b"\x82\x40\x40", b"garbage" * 9])
def test_a_broken_file_leaves_the_last_good_one_in_force(bench: Bench, content: bytes) -> None:
    bench.registry_path.write_bytes(content)
    assert not bench.keyring.refresh(now_ms())
    assert bench.keyring.current("scale-0001").name == "scale-0001"


def test_a_missing_file_leaves_the_last_good_one_in_force(bench: Bench) -> None:
    bench.registry_path.unlink()
    assert not bench.keyring.refresh(now_ms())
    assert bench.keyring.serial == 1


def test_another_roots_registry_is_refused_at_the_start(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="cannot be trusted"):
        Keyring(bench.registry_path, Trust().root_point, now_ms())


def test_a_registry_older_than_one_seen_before_the_restart_is_refused(bench: Bench) -> None:
    with pytest.raises(Misuse, match="already seen"):
        Keyring(bench.registry_path, bench.trust.root_point, now_ms(), least_serial=2)


def test_an_unknown_key_or_name_is_rejected(bench: Bench) -> None:
    with pytest.raises(Rejected, match=r"registry\.unknown"):
        bench.keyring.find(bytes(8))
    with pytest.raises(Rejected, match=r"registry\.unknown"):
        bench.keyring.current("scale-4711")
