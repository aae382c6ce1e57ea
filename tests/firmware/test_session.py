"""The seller's card: what it says, what is refused, and that a session outlives the power."""

from pathlib import Path

import pytest
from scale import session
from scale.session import SessionStore, decode_card
from tracewire import cbor, record
from tracewire.errors import Rejected

SELLER, LOT = "3502000010007", "35020000200010000003"
CARD = cbor.encode({1: record.pack_digits(SELLER), 2: "三号摊", 3: [[1, record.pack_digits(LOT)]]})


def test_a_card_names_the_seller_the_stall_and_the_lot_of_each_plu() -> None:
    card = decode_card(CARD)
    assert (card.seller, card.stall, card.lot_of(1)) == (SELLER, "三号摊", LOT)


def test_goods_without_a_lot_on_the_card_are_refused() -> None:
    with pytest.raises(Rejected, match=r"session\.no_lot"):
        decode_card(CARD).lot_of(2)


def test_a_session_becomes_a_record_that_the_format_accepts() -> None:
    kind, body = decode_card(CARD).record(session.IN)
    payload = record.Record(kind, body, 1, bytes(32), 0).encode()
    assert record.decode(payload).body["seller"] == SELLER


@pytest.mark.parametrize(
    "card",
    [
        b"",
        b"\xff",
        CARD[:-1],
        cbor.encode([1, 2, 3]),
        cbor.encode({1: record.pack_digits(SELLER), 2: "摊"}),
        cbor.encode({1: b"\xab", 2: "摊", 3: []}),
        cbor.encode({1: record.pack_digits("12"), 2: "摊", 3: []}),
        cbor.encode({1: record.pack_digits(SELLER), 2: "摊" * 40, 3: []}),
        cbor.encode({1: record.pack_digits(SELLER), 2: 5, 3: []}),
        cbor.encode({1: record.pack_digits(SELLER), 2: "摊", 3: [[1]]}),
        cbor.encode({1: record.pack_digits(SELLER), 2: "摊", 3: [[1, 2]]}),
    ],
)
def test_any_other_card_is_refused_before_anyone_sells_under_it(card: bytes) -> None:
    with pytest.raises(Rejected, match=r"session\.card"):
        decode_card(card)


def test_a_session_is_there_again_after_a_power_cut(tmp_path: Path) -> None:
    SessionStore(str(tmp_path)).keep(decode_card(CARD))
    current = SessionStore(str(tmp_path)).current
    assert current is not None
    assert current.seller == SELLER


def test_a_power_cut_before_the_rename_keeps_the_old_session(tmp_path: Path) -> None:
    SessionStore(str(tmp_path)).keep(decode_card(CARD))
    (tmp_path / (session.FILE_NAME + ".new")).write_bytes(CARD[:5])
    current = SessionStore(str(tmp_path)).current
    assert current is not None
    assert current.card == CARD


def test_after_signing_out_nobody_sells_also_after_a_power_cut(tmp_path: Path) -> None:
    store = SessionStore(str(tmp_path))
    store.keep(decode_card(CARD))
    store.keep(None)
    assert SessionStore(str(tmp_path)).current is None


def test_a_session_file_of_another_format_asks_for_the_card_again(tmp_path: Path) -> None:
    (tmp_path / session.FILE_NAME).write_bytes(b"\x01\x02")
    assert SessionStore(str(tmp_path)).current is None
