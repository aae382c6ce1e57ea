"""Receipts: what is encoded is decoded, what is not a receipt is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracewire import cbor, receipt
from tracewire.errors import Misuse, Rejected

KID = b"kidkidki"
HEAD = bytes(range(32))


def sample(**changes: Any) -> receipt.Receipt:
    values = {"keeper": receipt.CLOUD, "kid": KID, "seq_from": 3, "seq_to": 9, "head": HEAD, "time_ms": 5, **changes}
    return receipt.Receipt(**values)


def test_a_receipt_survives_the_round_trip_with_its_refusals() -> None:
    original = sample(refused=[(4, HEAD, "chain.prev")])
    decoded = receipt.decode(original.encode())
    assert vars(decoded) == vars(original)


def test_a_receipt_binds_the_cloud_to_its_log() -> None:
    original = sample(log=(7, HEAD))
    assert vars(receipt.decode(original.encode())) == vars(original)


@pytest.mark.parametrize("half", [{9: 7}, {10: HEAD}])
def test_size_and_root_of_the_log_come_together(half: dict[int, Any]) -> None:
    entries = cbor.decode(sample().encode())
    assert isinstance(entries, dict)
    with pytest.raises(Rejected):
        receipt.decode(cbor.encode({**entries, **half}))


def test_a_receipt_of_refusals_only_has_an_empty_range() -> None:
    original = sample(seq_from=5, seq_to=4, head=bytes(32), refused=((5, HEAD, "registry.revoked"),))
    assert vars(receipt.decode(original.encode())) == vars(original)


@pytest.mark.parametrize(
    "changes",
    [
        {"keeper": 3},
        {"kid": b"short"},
        {"head": b"short"},
        {"seq_from": 0},
        {"seq_from": 9, "seq_to": 7},
        {"seq_to": -1},
        {"time_ms": -1},
        {"log": (7, b"short")},
        {"log": (-1, HEAD)},
        {"log": (7, HEAD), "keeper": receipt.GATEWAY},
        {"refused": [(1, b"short", "x")]},
        {"refused": [(1, HEAD, "x")] * 65},
    ],
)
def test_a_receipt_out_of_bounds_is_our_own_mistake_to_write_and_refused_to_read(changes: dict[str, Any]) -> None:
    wrong = sample(**changes)
    with pytest.raises(Misuse):
        wrong.encode()
    entries = {1: 1, 2: wrong.keeper, 3: wrong.kid, 4: wrong.seq_from, 5: wrong.seq_to, 6: wrong.head, 7: wrong.time_ms}
    if wrong.refused:
        entries[8] = [list(entry) for entry in wrong.refused]
    if wrong.log:
        entries[9], entries[10] = wrong.log
    with pytest.raises(Rejected):
        receipt.decode(cbor.encode(entries))


@given(st.binary(max_size=120))
def test_any_other_bytes_are_rejected_and_nothing_else_escapes(data: bytes) -> None:
    with pytest.raises(Rejected):
        receipt.decode(data)
