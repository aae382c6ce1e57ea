"""One key of many, proved: the tree is that of RFC 9162, and a head of another registry makes a bundle worthless."""

import hashlib
from typing import Any

import cbor2
import pytest
from tracewire import p256, registry_head
from tracewire.credential import Credential, Registry, open_bundle
from tracewire.errors import Rejected

from cloud.ledger import merkle
from simulators.node import Trust, now_ms
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_every_key_has_a_path_to_the_root(count: int) -> None:
    points = [p256.SigningKey(hashlib.sha256(bytes([number])).digest()).point for number in range(count)]
    registry = Registry(1, 1, [Credential(f"scale-{number:04}", "scale", point) for number, point in enumerate(points)])
    tree = registry_head.Tree(registry)
    for index, row in enumerate(tree.rows):
        merkle.check_inclusion(merkle.leaf_hash(row), index, count, tree.path(index), tree.root)


def test_a_registry_without_keys_has_the_root_of_nothing() -> None:
    assert registry_head.Tree(Registry(1, 1, [])).root == hashlib.sha256(b"").digest()


def test_a_head_of_another_registry_makes_the_bundle_worthless(market: Market) -> None:
    root = p256.VerifyingKey(market.trust.root_point)
    bundle: Any = cbor2.loads(market.trust.bundle(market.nodes))
    market.scale.credential.state = "revoked"
    later: Any = cbor2.loads(market.trust.bundle(market.nodes))
    assert open_bundle(cbor2.dumps(later), root, now_ms()).serial == 2
    with pytest.raises(Rejected, match=r"registry\.head"):
        open_bundle(cbor2.dumps([*later[:2], bundle[2]]), root, now_ms())
    with pytest.raises(Rejected):
        open_bundle(cbor2.dumps([*later[:2], cbor2.loads(Trust().bundle(market.nodes))[2]]), root, now_ms())


def test_a_key_that_nobody_has_is_not_shown(cloud: CloudUnderTest) -> None:
    answer = cloud.public.get("/v1/keys/0123456789abcdef")
    assert (answer.status_code, answer.json()["code"]) == (404, "registry.unknown")
    assert cloud.public.get("/v1/keys/nonsense").status_code == 422
