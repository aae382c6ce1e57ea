"""The signed registry on disk: a newer one is taken at once, an older or broken one never."""

from pathlib import Path

import pytest
from tracewire.errors import Misuse, Rejected

from cloud.app import create_cloud
from simulators.node import Trust
from tests.cloud.conftest import CloudUnderTest, replace
from tests.cloud.market import Market


def _bundle(cloud: CloudUnderTest) -> Path:
    return cloud.config.directory / "registry.cose"


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


def test_an_older_registry_is_refused_after_a_restart_too(cloud: CloudUnderTest, market: Market) -> None:
    old = _bundle(cloud).read_bytes()
    cloud.publish_registry()
    cloud.deliver(market.envelope(market.health()))
    replace(_bundle(cloud), old)
    with pytest.raises(Rejected, match=r"registry\.serial"):
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
