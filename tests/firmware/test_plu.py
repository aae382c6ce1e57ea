"""The price list, and how key presses become a PLU number."""

from pathlib import Path

import pytest
from scale import plu
from tracewire import cbor
from tracewire.errors import Rejected, Unavailable

ROWS = [[1, "后腿肉", "后腿肉".encode("gbk"), 3280], [12, "猪肝", "猪肝".encode("gbk"), 0]]


def test_goods_are_found_by_number(tmp_path: Path) -> None:
    (tmp_path / plu.FILE_NAME).write_bytes(cbor.encode(ROWS))
    goods = plu.load(str(tmp_path)).find(1)
    assert (goods.number, goods.name, goods.price_fen_per_kg) == (1, "后腿肉", 3280)


@pytest.mark.parametrize(("number", "code"), [(2, "plu.unknown"), (12, "plu.no_price")])
def test_unknown_and_unpriced_goods_are_refused(number: int, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        plu.decode(cbor.encode(ROWS)).find(number)
    assert refused.value.code == code


@pytest.mark.parametrize("data", [cbor.encode(7), cbor.encode([[1, "x"]]), cbor.encode([[1, "x", 5, None]])])
def test_a_price_list_of_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(Rejected, match=r"plu\.format"):
        plu.decode(data)


def test_a_scale_without_a_price_list_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"plu\.missing"):
        plu.load(str(tmp_path))


def test_goods_take_one_press_of_a_plu_key_or_two_digits() -> None:
    keys = plu.PluKeys()
    assert keys.press("plu3") == 3
    assert keys.press("digit1") is None
    assert keys.press("digit2") == 12


def test_a_plu_key_or_clear_forgets_a_digit_pressed_before() -> None:
    keys = plu.PluKeys()
    keys.press("digit1")
    assert keys.press("plu2") == 2
    keys.press("digit1")
    keys.clear()
    assert keys.press("digit0") is None
    assert keys.press("digit7") == 7


def test_a_key_the_scale_does_not_have_is_refused() -> None:
    for key in ("menu", "plux", "digit"):
        with pytest.raises(Rejected, match=r"key\.unknown"):
            plu.PluKeys().press(key)
