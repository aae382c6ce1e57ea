"""Lots on the line: what a card must say, eight places, and certificates that are recorded once."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rail import lot_desk, lots
from rail.lots import Lot, Lots
from tracewire import cbor, record
from tracewire.errors import Rejected

from simulators.rail_process import lot_card

PIGS = "35082100010010000001"
CARD = lot_card(PIGS, "绿源养殖场")


def code(number: int) -> str:
    return f"3508210001001{number:07d}"


def changed(**fields: Any) -> bytes:
    """The card with one of its fields, named f4 to f9, replaced."""
    card = cbor.decode(CARD)
    assert isinstance(card, dict)
    return cbor.encode({**card, **{int(name[1:]): value for name, value in fields.items()}})


def row(**columns: Any) -> list[Any]:
    whole = {"kind": 2, "number": "1", "gbk": b"1", "issuer": "", "issued": 0, "until": 0}
    return list({**whole, **columns}.values())


def test_a_card_names_lot_origin_product_and_certificates() -> None:
    lot = Lot(CARD)
    assert (lot.code, lot.origin, lot.product_gbk.decode("gbk")) == (PIGS, "绿源养殖场", "白条猪肉")
    assert lot.numbers(lots.QUALITY) == ["厦品检2026-112207".encode("gbk")]


def test_certificates_become_records_that_the_format_accepts() -> None:
    issued = row(issuer="长汀县农业农村局", issued=1_790_000_000_000, until=1_790_400_000_000)
    certificate = Lot(changed(f9=[issued])).certificates[0]
    kind, body = certificate.record(PIGS)
    decoded = record.decode(record.Record(kind, body, 1, bytes(32), 0).encode())
    assert decoded.body["issuer"] == "长汀县农业农村局"
    assert decoded.body["valid_until_ms"] == 1_790_400_000_000


@pytest.mark.parametrize(
    "card",
    [
        b"",
        b"\xff",
        CARD[:-1],
        cbor.encode([1, 2, 3]),
        changed(f4=b"\xab"),
        changed(f4=record.pack_digits("12")),
        changed(f4=5),
        changed(f5=""),
        changed(f5="源" * 40),
        changed(f6=200_000_000),
        changed(f6="text"),
        changed(f6=b""),
        changed(f6=b"\x1b@\x1dV"),
        changed(f6=b"a" * 65),
        changed(f7=7),
        changed(f9=[[1]]),
        changed(f9=[row(kind=99)]),
        changed(f9=[row(number="")]),
        changed(f9=[row(number=5)]),
        changed(f9=[row(gbk=b"\n")]),
        changed(f9=[row(issuer=["x"])]),
        changed(f9=[row(issued=-1)]),
        changed(f9=7),
    ],
)
def test_any_other_card_is_refused_before_anything_hangs_under_it(card: bytes) -> None:
    with pytest.raises(Rejected, match=r"lot\.card"):
        Lot(card)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_lot_or_refused(card: bytes) -> None:
    lots.is_lot_card(card)
    with pytest.raises(Rejected):
        Lot(card)


def test_a_lot_without_an_animal_certificate_does_not_come_to_the_line() -> None:
    with pytest.raises(Rejected, match=r"lot\.no_quarantine"):
        Lot(lot_card(PIGS, "绿源", certificates=((4, "1"), (5, "2"))))


def test_a_sellers_card_and_a_lots_card_are_told_apart() -> None:
    assert lots.is_lot_card(CARD)
    stall = {1: record.pack_digits("3502000010101"), 2: "八市", 3: []}
    assert not lots.is_lot_card(cbor.encode(stall))
    assert not lots.is_lot_card(cbor.encode({**stall, 4: []}))  # a wholesaler's


def test_eight_lots_wait_each_at_its_key_and_the_oldest_gives_way(tmp_path: Path) -> None:
    board = Lots(str(tmp_path))
    for number in range(1, 10):
        board.put(Lot(lot_card(code(number), f"{number}号场")))
    board = Lots(str(tmp_path))
    assert board.place == 1
    assert (board.current.origin, board.current.number) == ("9号场", 9)
    board.choose(2)
    assert board.current.code == code(2)
    with pytest.raises(Rejected, match=r"lot\.no_place"):
        board.choose(9)
    assert (board.number_of(code(1)), board.number_of(code(2))) == (0, 2)


def test_a_lot_keeps_its_place_and_its_number_when_its_card_comes_again(tmp_path: Path) -> None:
    board = Lots(str(tmp_path))
    for number in (1, 2, 1):
        board.put(Lot(lot_card(code(number), "场")))
    assert (board.place, board.current.number) == (1, 1)


def test_an_empty_line_stays_empty_over_a_power_cut(tmp_path: Path) -> None:
    board = Lots(str(tmp_path))
    board.put(Lot(CARD))
    board.clear()
    assert Lots(str(tmp_path)).current is None


def test_a_power_cut_before_the_rename_keeps_the_lots_of_before(tmp_path: Path) -> None:
    Lots(str(tmp_path)).put(Lot(CARD))
    (tmp_path / (lots.FILE_NAME + ".new")).write_bytes(b"\x01")
    assert Lots(str(tmp_path)).current.code == PIGS


def test_certificates_are_to_be_recorded_until_they_are_marked(tmp_path: Path) -> None:
    board = Lots(str(tmp_path))
    board.put(Lot(lot_card(PIGS, "场", certificates=((2, "1"),))))
    board.mark_bound()
    board.put(Lot(CARD))
    board = Lots(str(tmp_path))
    assert [one.number for one in board.unbound()] == ["3508210098765", "3502000112233", "厦品检2026-112207"]
    board.mark_bound()
    assert Lots(str(tmp_path)).unbound() == []


@pytest.mark.parametrize(
    ("number", "lot", "left"), [("厦品检2026-112207", PIGS, 0), ("3508210098765", PIGS, 3), ("1", code(2), 3)]
)
def test_after_a_power_cut_only_the_newest_record_says_that_they_were_recorded(
    tmp_path: Path, number: str, lot: str, left: int
) -> None:
    board = Lots(str(tmp_path))
    board.put(Lot(CARD))
    body = {"lot": lot, "document": 5, "number": number}
    lot_desk.recover(board, record.Record(record.DOCUMENT, body, 5, bytes([1]) * 32, 0))
    assert len(board.unbound()) == left
