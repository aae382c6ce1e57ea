"""The rules of one device's history."""

import pytest
from tracewire import chain
from tracewire.errors import Rejected
from tracewire.record import HEALTH, Record

BODY = {"uptime_s": 1, "journal_pending": 0, "journal_permille": 0}


def record_at(seq: int, prev: bytes) -> Record:
    return Record(HEALTH, BODY, seq, prev, 0)


def test_the_next_record_moves_the_head_to_its_own_digest() -> None:
    first = chain.check(chain.GENESIS, record_at(1, chain.NO_PREVIOUS), b"first")
    assert first == chain.Head(1, chain.digest(b"first"))
    second = chain.check(first, record_at(2, first.digest), b"second")
    assert second == chain.Head(2, chain.digest(b"second"))


@pytest.mark.parametrize(
    ("seq", "prev", "sealed", "code"),
    [
        (5, b"p" * 32, b"five", "chain.repeat"),
        (5, b"p" * 32, b"another five", "chain.fork"),
        (4, b"p" * 32, b"four", "chain.old"),
        (7, b"p" * 32, b"seven", "chain.gap"),
        (6, b"p" * 32, b"six", "chain.prev"),
    ],
)
def test_what_does_not_follow_is_named(seq: int, prev: bytes, sealed: bytes, code: str) -> None:
    head = chain.Head(5, chain.digest(b"five"))
    with pytest.raises(Rejected) as refusal:
        chain.check(head, record_at(seq, prev), sealed)
    assert refusal.value.code == code
