"""Ingest is killed at each of its durable steps; whoever asks again hears the same word, and nothing stands twice."""

import subprocess
import sys
from pathlib import Path

import pytest
from tracewire import cbor, chain, cose

from cloud.ledger import merkle, store, tree
from tests.cloud.conftest import CloudUnderTest
from tests.cloud.market import Market

DYING = Path(__file__).with_name("dying_ingest.py")
RECORDS = 5


def root_of(leaves: list[bytes]) -> bytes:
    """Return the Merkle tree hash as RFC 6962 2.1 writes it down, apart from the product's arithmetic."""
    if len(leaves) == 1:
        return merkle.leaf_hash(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return merkle.node_hash(root_of(leaves[:split]), root_of(leaves[split:]))


@pytest.mark.parametrize(
    ("moment", "kept"), [("before-commit", 0), ("after-commit", RECORDS), ("before-answer", RECORDS)]
)
def test_killed_at_a_step_it_has_all_or_nothing_and_answers_the_next_time(
    cloud: CloudUnderTest, market: Market, tmp_path: Path, moment: str, kept: int
) -> None:
    cloud.stop()
    sealed = [market.health() for _ in range(RECORDS)]
    envelope = market.envelope(*sealed)
    (tmp_path / "envelope").write_bytes(envelope)
    words = [sys.executable, str(DYING), str(cloud.config.directory), str(tmp_path / "envelope"), moment]
    died = subprocess.run(words, capture_output=True, text=True, check=False)
    assert died.returncode == -9, died.stderr
    cloud.start()
    assert [row.sealed for row in cloud.rows(store.records)] == sealed[:kept]
    tree.verify(cloud.cloud.stores.ledger, lambda _leaves: None)  # records and log went together
    (receipt,) = cloud.deliver(envelope).receipts
    assert (receipt.seq_from, receipt.seq_to, receipt.head) == (1, RECORDS, chain.digest(sealed[-1]))
    assert receipt.log == (RECORDS, root_of(sealed))
    assert [row.sealed for row in cloud.rows(store.records)] == sealed


def test_every_receipt_names_the_log_it_was_committed_to(cloud: CloudUnderTest, market: Market) -> None:
    first = market.health()
    (early,) = cloud.deliver(market.envelope(first)).receipts
    second = market.health(market.farm)
    late = cloud.deliver(market.envelope(second, first)).receipts
    assert early.log == (1, root_of([first]))
    assert {receipt.log for receipt in late} == {(2, root_of([first, second]))}


def test_a_refusal_before_the_first_record_names_the_empty_log(cloud: CloudUnderTest, market: Market) -> None:
    payload = cose.parse(market.health()).payload
    entries = cbor.decode(payload)
    assert isinstance(entries, dict)
    bad = cose.seal(cbor.encode({**entries, 1: 2}), cose.RECORD, market.scale.key)
    (receipt,) = cloud.deliver(market.envelope(bad)).receipts
    assert (receipt.refused[0][0], receipt.log) == (1, (0, merkle.EMPTY_ROOT))
