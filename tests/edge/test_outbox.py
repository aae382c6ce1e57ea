"""Step 6: what is kept, what is a repeat, a fork or a hole, and what a full disk does."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
from tracewire import chain, cose, receipt
from tracewire.errors import Misuse, Rejected, Unavailable
from tracewire.record import Record

from edge import store
from edge.answer import Answered, CloudReceipt
from edge.chains import Place
from edge.outbox import Outbox
from edge.receipts import sealed_receipts
from edge.verify import Refused
from simulators.node import Node
from tests.edge.conftest import Bench


def refork(bench: Bench, seq: int, prev: bytes) -> bytes:
    """Return another record under a number that was used."""
    payload = Record(2, {"before_ms": 999, "source": 1}, seq, prev, 5).encode()
    return cose.seal(payload, cose.RECORD, bench.nodes["scale-0001"].key)


def sealed_rows(bench: Bench) -> list[bytes]:
    return [row.sealed for row in bench.outbox.oldest(1000, 1 << 20)]


def accept_all(bench: Bench, *receipts: CloudReceipt) -> None:
    bench.outbox.settle([Answered(row) for row in bench.outbox.oldest(1000, 1 << 20)], [], receipts)


def test_what_was_kept_is_there_after_a_restart(bench: Bench) -> None:
    sealed = [bench.seal() for _ in range(3)]
    bench.outbox.keep([bench.verified(one) for one in sealed])
    bench.reopen()
    assert sealed_rows(bench) == sealed


def test_a_repeat_changes_nothing_and_is_receipted_again(bench: Bench) -> None:
    first = bench.verified(bench.seal())
    bench.outbox.keep([first])
    bench.reopen()
    again = bench.outbox.keep([first, first])
    assert again.places == {Place.REPEAT: 2}
    assert [run.seq_to for run in again.runs["scale-0001"]] == [1]
    assert len(sealed_rows(bench)) == 1


def test_a_repeat_inside_one_bunch_is_stored_once(bench: Bench) -> None:
    first = bench.verified(bench.seal())
    assert bench.outbox.keep([first, first]).places == {Place.NEXT: 1, Place.REPEAT: 1}
    assert len(sealed_rows(bench)) == 1


def test_a_fork_is_kept_beside_the_first_and_both_go_up(bench: Bench) -> None:
    first = bench.verified(bench.seal())
    bench.outbox.keep([first])
    second = bench.verified(refork(bench, 1, chain.NO_PREVIOUS))
    for _ in range(2):
        kept = bench.outbox.keep([second])
        assert [(refused.code, refused.payload) for refused in kept.refused] == [("chain.fork", second.sealed)]
        assert kept.runs == {}
        assert sealed_rows(bench) == [first.sealed, second.sealed]
        assert bench.outbox.backlog().forks == 1
        bench.reopen()
    assert bench.outbox.keep([first]).places == {Place.REPEAT: 1}


def test_a_record_beyond_a_hole_is_kept_and_the_receipt_shows_the_hole(bench: Bench) -> None:
    sealed = [bench.seal() for _ in range(5)]
    bench.outbox.keep([bench.verified(sealed[0])])
    kept = bench.outbox.keep([bench.verified(sealed[3]), bench.verified(sealed[4])])
    assert kept.places[Place.AHEAD] == 1
    assert [(run.seq_from, run.seq_to) for run in kept.runs["scale-0001"]] == [(4, 5)]


def test_a_closed_hole_joins_the_runs(bench: Bench) -> None:
    sealed = [bench.verified(bench.seal()) for _ in range(5)]
    bench.outbox.keep([sealed[0], sealed[4]])
    bench.reopen()
    bench.outbox.keep([sealed[2]])
    kept = bench.outbox.keep([sealed[3], sealed[1]])
    assert [(run.seq_from, run.seq_to) for run in kept.runs["scale-0001"]] == [(1, 5)]


def test_records_in_any_order_end_in_one_run(bench: Bench) -> None:
    sealed = [bench.verified(bench.seal()) for _ in range(20)]
    for index in (7, 3, 19, 0, 12, 4, 18, 5, 6, 1, 2, 17, 8, 16, 9, 15, 10, 14, 11, 13):
        kept = bench.outbox.keep([sealed[index]])
    assert [(run.seq_from, run.seq_to) for run in kept.runs["scale-0001"]] == [(1, 20)]
    assert kept.runs["scale-0001"][0].head == sealed[-1].digest


def test_another_past_is_quarantined_and_named_to_the_device(bench: Bench) -> None:
    bench.outbox.keep([bench.verified(bench.seal())])
    kept = bench.outbox.keep([bench.verified(refork(bench, 2, b"\x07" * 32))])
    assert [refused.code for refused in kept.refused] == ["chain.prev"]
    assert kept.runs == {}
    (topic, sealed), *others = sealed_receipts(kept, bench.nodes["gateway-01"].key, 1)
    assert others == []
    assert topic == "cx/1/scale-0001/down"
    assert [(seq, code) for seq, _, code in _opened(sealed).refused] == [(2, "chain.prev")]
    assert sealed_rows(bench)[1:] == [kept.refused[0].payload]


def test_a_record_that_its_successor_disowns_is_quarantined(bench: Bench) -> None:
    bench.seal()
    second = bench.verified(bench.seal())
    bench.outbox.keep([second])
    kept = bench.outbox.keep([bench.verified(refork(bench, 1, chain.NO_PREVIOUS))])
    assert [refused.code for refused in kept.refused] == ["chain.prev"]
    assert bench.outbox.backlog().rows == 2


def test_a_device_may_be_met_in_the_middle_of_its_life(bench: Bench) -> None:
    for _ in range(41):
        bench.seal()
    kept = bench.outbox.keep([bench.verified(bench.seal())])
    assert kept.places == {Place.NEXT: 1}
    assert [(run.seq_from, run.seq_to) for run in kept.runs["scale-0001"]] == [(42, 42)]


def test_refused_bytes_are_kept_once_and_counted(bench: Bench) -> None:
    noise = Refused("scale-0001", "cose.tag", "", b"noise", 1)
    bench.outbox.keep([noise, noise])
    bench.outbox.keep([noise])
    with contextlib.closing(sqlite3.connect(bench.outbox_path)) as database:
        assert database.execute("SELECT payload, times FROM quarantine").fetchall() == [(b"noise", 3)]


def test_one_sender_cannot_fill_the_disk_with_noise(bench: Bench) -> None:
    outbox = Outbox(bench.outbox_path, quarantined_per_sender=5)
    outbox.keep([Refused("scale-0001", "cose.tag", "", bytes([number]), 1) for number in range(50)])
    outbox.keep([Refused("scale-0002", "cose.tag", "", b"mine", 1)])
    assert outbox.backlog().quarantined == 6
    outbox.close()


def test_many_refusals_go_out_in_receipts_a_device_can_hold(bench: Bench) -> None:
    refused = []
    for _ in range(150):
        refused.append(bench.verified(bench.seal()).refused(Rejected("record.kind")))
    kept = bench.outbox.keep([*refused, bench.verified(bench.seal())])
    receipts = [_opened(sealed) for _, sealed in sealed_receipts(kept, bench.nodes["gateway-01"].key, 1)]
    assert sum(len(one.refused) for one in receipts) == 150
    assert [one.seq_to for one in receipts if one.head != bytes(32)] == [151]


def test_a_full_disk_keeps_nothing_of_the_bunch_and_recovers(bench: Bench) -> None:
    outbox = Outbox(bench.outbox_path, max_bytes=100 * 1024)
    kept = []
    with pytest.raises(Unavailable, match=r"outbox\.full"):
        for _ in range(1000):
            bunch = [bench.verified(bench.seal()) for _ in range(10)]
            outbox.keep(bunch)
            kept += bunch
    assert kept
    assert len(outbox.oldest(10_000, 1 << 24)) == len(kept)
    outbox.settle([Answered(row) for row in outbox.oldest(10_000, 1 << 24)], [], [])
    assert outbox.keep(bunch).places == {Place.NEXT: 10}
    outbox.close()


def test_what_it_occupies_grows_with_the_rows_and_falls_when_they_go(bench: Bench) -> None:
    empty = bench.outbox.used_bytes()
    for _ in range(10):
        bench.outbox.keep([bench.verified(bench.seal()) for _ in range(20)])
    full = bench.outbox.used_bytes()
    accept_all(bench)
    assert full > bench.outbox.used_bytes() > empty  # the history stays


def test_rows_leave_only_when_they_are_settled(bench: Bench) -> None:
    bench.outbox.keep([bench.verified(bench.seal()) for _ in range(3)])
    first, second, third = bench.outbox.oldest(10, 1 << 20)
    answered = [Answered(first), Answered(second, "record.totals")]
    bench.outbox.settle(answered, [third], [CloudReceipt("scale-0001", 1, 1, b"receipt")])
    bench.reopen()
    assert [row.seq for row in bench.outbox.oldest(10, 1 << 20)] == [3]
    assert bench.outbox.backlog().quarantined == 1
    assert bench.outbox.cloud_receipt("scale-0001") == b"receipt"


def test_an_older_cloud_receipt_does_not_replace_a_newer(bench: Bench) -> None:
    bench.outbox.settle([], [], [CloudReceipt("scale-0001", 1, 9, b"newer")])
    bench.outbox.settle([], [], [CloudReceipt("scale-0001", 1, 3, b"older")])
    assert bench.outbox.cloud_receipt("scale-0001") == b"newer"


def test_a_settled_record_is_still_known_as_a_repeat(bench: Bench) -> None:
    first = bench.verified(bench.seal())
    bench.outbox.keep([first])
    accept_all(bench, CloudReceipt("scale-0001", 1, 1, b"receipt"))
    bench.reopen()
    again = bench.outbox.keep([first])
    assert again.places == {Place.REPEAT: 1}
    assert again.answers == {"scale-0001": [b"receipt"]}
    assert sealed_rows(bench) == []


def test_a_repeat_that_no_cloud_receipt_covers_goes_up_again(bench: Bench) -> None:
    first, _, third = (bench.verified(bench.seal()) for _ in range(3))
    bench.outbox.keep([first, third])
    accept_all(bench, CloudReceipt("scale-0001", 3, 3, b"beyond the hole"))
    assert bench.outbox.keep([first, third]).answers == {"scale-0001": [b"beyond the hole"]}
    assert sealed_rows(bench) == [first.sealed]


def test_a_receipt_with_refusals_only_does_not_replace_one_with_a_range(bench: Bench) -> None:
    bench.outbox.settle([], [], [CloudReceipt("scale-0001", 1, 1, b"range")])
    bench.outbox.settle([], [], [CloudReceipt("scale-0001", 5, 4, b"refusals")])
    assert bench.outbox.cloud_receipt("scale-0001") == b"range"


def test_forgetting_spares_what_the_cloud_has_not_answered_for(bench: Bench) -> None:
    records = [bench.verified(bench.seal()) for _ in range(10)]
    bench.outbox.keep(records)
    bench.outbox.settle([Answered(row) for row in bench.outbox.oldest(4, 1 << 20)], [], [])
    assert bench.outbox.forget_before(2) == 4
    kept = bench.outbox.keep([records[9]])
    assert [(run.seq_from, run.seq_to) for run in kept.runs["scale-0001"]] == [(5, 10)]


def test_a_batch_stays_within_its_bytes_but_never_empty(bench: Bench) -> None:
    records = [bench.verified(bench.seal()) for _ in range(5)]
    bench.outbox.keep(records)
    assert len(bench.outbox.oldest(10, 2 * len(records[0].sealed))) == 2
    assert len(bench.outbox.oldest(10, 1)) == 1


def test_a_store_is_never_made_by_opening_it(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="cannot be opened"):
        Outbox(tmp_path / "typo.sqlite")
    assert not (tmp_path / "typo.sqlite").exists()


def test_a_store_is_never_made_twice(bench: Bench) -> None:
    with pytest.raises(Misuse, match="exists already"):
        store.create(bench.outbox_path)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outbox.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(Misuse):
        Outbox(tmp_path / "outbox.sqlite")


def test_a_changed_key_goes_on_in_the_same_chain(bench: Bench) -> None:
    bench.outbox.keep([bench.verified(bench.seal())])
    successor = Node("scale-0001")
    successor.head = bench.nodes["scale-0001"].head
    successor.credential.from_seq = 2
    bench.nodes["scale-0001 later"] = successor
    bench.registry_path.write_bytes(bench.bundle())
    bench.keyring.refresh(1_800_000_000_000)
    kept = bench.outbox.keep([bench.verified(successor.seal(2, {"before_ms": 1, "source": 1}))])
    assert [(run.seq_from, run.seq_to, run.kid) for run in kept.runs["scale-0001"]] == [(1, 2, successor.kid)]


def _opened(sealed: bytes) -> receipt.Receipt:
    return receipt.decode(cose.parse(sealed).payload)
