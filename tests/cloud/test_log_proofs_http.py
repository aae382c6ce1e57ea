"""The log over HTTP: an outsider follows it from checkpoint to checkpoint with nothing but the standards."""

import base64

import pytest
from tracewire import cbor

from cloud.ledger import checkpoint, log_keys, merkle
from cloud.ledger.checkpoint import Checkpoint
from cloud.ledger.merkle import Node, Range
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market


def _fill(cloud: CloudUnderTest, market: Market, count: int) -> list[bytes]:
    sealed = [market.health() for _ in range(count)]
    cloud.deliver(market.envelope(*sealed))
    return sealed


def _checkpoint(cloud: CloudUnderTest) -> Checkpoint:
    keys = log_keys.load(cloud.config.directory)
    response = cloud.public.get("/v1/log/checkpoint")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "max-age=1"
    return checkpoint.open_note(response.content, keys.public)


def _hashes(found: dict[str, list[str]]) -> list[bytes]:
    return [base64.b64decode(each) for each in found["hashes"]]


def test_the_head_follows_the_ledger(cloud: CloudUnderTest, market: Market) -> None:
    assert _checkpoint(cloud).root == merkle.EMPTY_ROOT
    (sealed,) = _fill(cloud, market, 1)
    head = _checkpoint(cloud)
    assert (head.size, head.root) == (1, merkle.leaf_hash(sealed))


def test_every_record_of_the_export_is_proved_to_be_under_the_head(cloud: CloudUnderTest, market: Market) -> None:
    leaves = _fill(cloud, market, 11)
    head = _checkpoint(cloud)
    for index, leaf in enumerate(leaves):
        found = cloud.public.get("/v1/log/proof/inclusion", params={"index": index, "size": head.size}).json()
        assert base64.b64decode(found["root"]) == head.root
        assert base64.b64decode(found["leaf_hash"]) == merkle.leaf_hash(leaf)
        merkle.check_inclusion(merkle.leaf_hash(leaf), index, head.size, _hashes(found), head.root)
    export = cloud.public.get("/v1/ledger").content
    assert all(cbor.encode(leaf) in export for leaf in leaves)


def test_a_head_is_proved_to_have_grown_out_of_each_earlier_one(cloud: CloudUnderTest, market: Market) -> None:
    heads = [_checkpoint(cloud)]
    for count in (1, 2, 4, 3):
        _fill(cloud, market, count)
        heads.append(_checkpoint(cloud))
    new = heads[-1]
    for old in heads:
        found = cloud.public.get("/v1/log/proof/consistency", params={"from": old.size, "to": new.size}).json()
        assert base64.b64decode(found["from_root"]) == old.root
        merkle.check_consistency(old.size, new.size, _hashes(found), old.root, new.root)


def test_tiles_and_entries_give_the_whole_tree(cloud: CloudUnderTest, market: Market) -> None:
    leaves = _fill(cloud, market, 300)
    head = _checkpoint(cloud)
    bundle = cloud.public.get("/v1/log/tile/entries/000").content
    bundle += cloud.public.get("/v1/log/tile/entries/001.p/44").content
    assert bundle == b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)
    row = cloud.public.get("/v1/log/tile/0/000").content + cloud.public.get("/v1/log/tile/0/001.p/44").content
    hashes = [row[start : start + 32] for start in range(0, len(row), 32)]
    assert hashes == [merkle.leaf_hash(leaf) for leaf in leaves]
    known: dict[Node, bytes] = {}
    for node, value in merkle.grow(0, hashes, known.__getitem__):
        known[node] = value
    assert merkle.range_hash(Range(0, 300), known.__getitem__) == head.root
    above = cloud.public.get("/v1/log/tile/1/000.p/1")
    assert above.content == known[Node(8, 0)]
    assert "immutable" in above.headers["cache-control"]


MISSING = ("0/000", "0/001.p/1", "1/000.p/1", "0/000.p/4", "8/000.p/1", "63/000.p/1", "entries/000.p/4")
MALFORMED = ("00/000.p/1", "64/000.p/1", "-1/000", "0/0", "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/x000/000.p/1")
HUGE = ("0/" + "x999/" * 6 + "999", "entries/" + "x999/" * 6 + "999", "0/" + "x1" * 900, "entries/", "0/", "x/000")


@pytest.mark.parametrize("path", [*MISSING, *MALFORMED, *HUGE])
def test_a_tile_that_is_not_there_is_a_404(cloud: CloudUnderTest, market: Market, path: str) -> None:
    _fill(cloud, market, 3)
    response = cloud.public.get(f"/v1/log/tile/{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


REFUSED = {
    "inclusion": 400,
    "inclusion?index=0": 400,
    "inclusion?index=-1&size=3": 400,
    "inclusion?index=1.0&size=3": 400,
    "inclusion?index=%EF%BC%91&size=3": 400,
    "inclusion?index=0&size=99999999999999999999": 400,
    f"inclusion?index=0&size={'0' * 5000}": 400,
    "inclusion?index=3&size=3": 404,
    "inclusion?index=0&size=0": 404,
    "inclusion?index=0&size=4": 404,
    "consistency?from=1": 400,
    "consistency?from=3&to=2": 400,
    "consistency?from=1&to=4": 404,
}


@pytest.mark.parametrize("asked", REFUSED, ids=lambda asked: asked[:40])
def test_a_proof_that_cannot_be_given_says_why(cloud: CloudUnderTest, market: Market, asked: str) -> None:
    _fill(cloud, market, 3)
    response = cloud.public.get(f"/v1/log/proof/{asked}")
    assert response.status_code == REFUSED[asked]
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"].startswith("log.")


def test_the_keys_to_verify_with_are_published(cloud: CloudUnderTest) -> None:
    published = (cloud.config.directory / "log.vkey").read_text(encoding="utf-8")
    assert cloud.public.get("/v1/log/vkey").text == published
