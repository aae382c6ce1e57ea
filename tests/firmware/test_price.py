"""Money is integers: half a fen rounds up, and nothing is ever off by one."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scale import price
from tracewire.errors import Misuse


@given(st.integers(0, 150_000), st.integers(0, 10_000_000))
def test_an_amount_is_the_exact_product_rounded_half_up_to_one_fen(grams: int, fen_per_kg: int) -> None:
    exact = (Decimal(grams) * fen_per_kg / 1000).quantize(Decimal(1), ROUND_HALF_UP)
    assert price.amount_fen(grams, fen_per_kg) == int(exact)


def test_half_a_fen_rounds_up() -> None:
    assert price.amount_fen(500, 3) == 2
    assert price.amount_fen(499, 1) == 0


def test_a_negative_weight_never_gets_a_price() -> None:
    with pytest.raises(Misuse):
        price.amount_fen(-5, 3200)


def test_money_and_mass_are_written_by_integers() -> None:
    assert [price.yuan(fen) for fen in (0, 5, 100, 1205)] == ["0.00", "0.05", "1.00", "12.05"]
    assert [price.kilograms(grams) for grams in (0, 5, 15_000, -35)] == ["0.000", "0.005", "15.000", "-0.035"]
