"""The re-weigh test: the tolerances of OIML R 76-1 in service, and no verdict that rounding does not allow."""

import pytest
from handheld.reweigh import FAILED, PASSED, UNDECIDED, Reading
from hypothesis import given
from hypothesis import strategies as st
from tracewire.errors import Rejected


@pytest.mark.parametrize(
    ("reference_grams", "e_grams", "milligrams"),
    [
        (1, 5, 5_000),
        (2_500, 5, 5_000),
        (2_501, 5, 10_000),
        (10_000, 5, 10_000),
        (10_001, 5, 15_000),
        (50_000, 5, 15_000),
        (1_000, 2, 2_000),
        (1_001, 2, 4_000),
    ],
)
def test_tolerances_are_twice_those_of_table_6(reference_grams: int, e_grams: int, milligrams: int) -> None:
    assert Reading(reference_grams, reference_grams, e_grams).tolerance_milligrams() == milligrams


def test_beyond_class_three_there_is_no_tolerance() -> None:
    with pytest.raises(Rejected) as refusal:
        Reading(50_001, 50_000, 5).result()
    assert refusal.value.code == "reweigh.range"


@pytest.mark.parametrize(
    ("indicated_grams", "added_steps", "result"),
    [
        (1_000, None, PASSED),
        (1_005, None, UNDECIDED),
        (995, None, UNDECIDED),
        (1_010, None, FAILED),
        (990, None, FAILED),
        (1_005, 5, PASSED),
        (1_005, 4, FAILED),
        (1_005, 10, PASSED),
        (995, 5, PASSED),
        (995, 6, FAILED),
    ],
)
def test_a_kilogram_on_a_scale_with_five_grams(indicated_grams: int, added_steps: int | None, result: int) -> None:
    assert Reading(1_000, indicated_grams, 5, added_steps).result() == result


@given(st.integers(1, 20_000), st.integers(-9_000, 30_000), st.sampled_from([1, 2, 5, 10]), st.integers(1, 10))
def test_a_verdict_without_small_weights_is_never_overturned_by_them(
    reference_grams: int, indicated_grams: int, e_grams: int, added_steps: int
) -> None:
    if reference_grams > 10_000 * e_grams:
        return
    without = Reading(reference_grams, indicated_grams, e_grams).result()
    assert without in (UNDECIDED, Reading(reference_grams, indicated_grams, e_grams, added_steps).result())
