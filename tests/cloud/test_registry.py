"""The signed registry on disk: a newer one is taken at once, an older or broken one never."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tracewire.errors import Misuse, Rejected

from cloud.app import create_cloud
from cloud.registry import RegistryFile, read_root
from simulators.node import Trust, now_ms
from tests.cloud.conftest import CloudUnderTest, replace
from tests.cloud.market import Market


def _bundle(cloud: CloudUnderTest) -> Path:
    return cloud.config.directory / "registry.cose"


def _registry(cloud: CloudUnderTest, path: Path, clock: Callable[[], int] = now_ms) -> RegistryFile:
    """Return what a host over this ledger goes by, whose file is ``path``."""
    return RegistryFile(path, read_root(cloud.config.directory / "root.point"), cloud.cloud.stores.ledger, clock)


def test_a_revocation_counts_from_the_next_envelope(cloud: CloudUnderTest, market: Market) -> None:
    assert cloud.deliver(market.envelope(market.health())).refused == {}
    market.scale.credential.state = "revoked"
    cloud.publish_registry()
    assert cloud.deliver(market.envelope(market.health())).refused == {0: "registry.revoked"}


def test_an_older_registry_does_not_bring_a_revoked_key_back(cloud: CloudUnderTest, market: Market) -> None:
    old = _bundle(cloud).read_bytes()
    market.scale.credential.state = "revoked"
    cloud.publish_registry()
    envelope = market.envelope(market.health())
    assert cloud.deliver(envelope).refused == {0: "registry.revoked"}
    replace(_bundle(cloud), old)
    assert cloud.deliver(envelope).refused == {0: "registry.revoked"}


def test_an_older_registry_does_not_bring_it_back_after_a_restart_either(cloud: CloudUnderTest, market: Market) -> None:
    old = _bundle(cloud).read_bytes()
    market.scale.credential.state = "revoked"
    cloud.publish_registry()
    newer = _bundle(cloud).read_bytes()
    cloud.deliver(market.envelope(market.health()))
    replace(_bundle(cloud), old)
    assert _registry(cloud, _bundle(cloud)).current().bundle == newer


def test_a_registry_that_one_host_has_got_holds_on_all(cloud: CloudUnderTest, market: Market, tmp_path: Path) -> None:
    elsewhere, now = tmp_path / "registry.cose", [now_ms()]
    replace(elsewhere, _bundle(cloud).read_bytes())
    other_host = _registry(cloud, elsewhere, lambda: now[0])
    assert other_host.current().find(market.scale.kid) is not None
    market.scale.credential.state = "revoked"
    cloud.publish_registry()
    newer = _bundle(cloud).read_bytes()
    cloud.deliver(market.envelope(market.health()))
    now[0] += 60_000
    assert other_host.current().bundle == newer
    replace(elsewhere, b"half")
    assert other_host.current().bundle == newer


def test_a_registry_in_the_ledger_under_another_root_is_not_taken(cloud: CloudUnderTest, market: Market) -> None:
    cloud.deliver(market.envelope(market.health()))
    replace(cloud.config.directory / "root.point", Trust().root_point)
    with pytest.raises(Rejected):
        create_cloud(cloud.config)


@pytest.mark.parametrize("contents", [b"", b"half", bytes(100)], ids=["empty", "half", "zeros"])
def test_a_broken_registry_leaves_the_one_in_force(cloud: CloudUnderTest, market: Market, contents: bytes) -> None:
    replace(_bundle(cloud), contents)
    assert cloud.deliver(market.envelope(market.health())).refused == {}
    _bundle(cloud).unlink()
    assert cloud.deliver(market.envelope(market.health())).refused == {}


def test_a_registry_under_another_root_is_not_taken(cloud: CloudUnderTest, market: Market) -> None:
    replace(_bundle(cloud), Trust().bundle(market.nodes))
    assert cloud.deliver(market.envelope(market.health())).refused == {}


def test_a_key_that_is_no_clouds_does_not_start(cloud: CloudUnderTest, market: Market) -> None:
    market.cloud.credential.role = "gateway"
    cloud.publish_registry()
    with pytest.raises(Misuse, match=r"identity\.role"):
        create_cloud(cloud.config)
