"""Step 1 by the numbers of R 76-1: every rule of the metrology core, fed with samples."""

import random

import pytest
from scale import weighing
from scale.weighing import BELOW_ZERO, MOVING, OVERLOAD, STABLE, STARTING, Limits, Reading, Weigher
from tracewire.errors import Misuse, Rejected

ZERO_COUNTS = 84_000
COUNTS_PER_KG = 420_000
LIMITS = Limits(15_000, 100, 5, ZERO_COUNTS, COUNTS_PER_KG)
REST = weighing.AVERAGED_SAMPLES + weighing.STABLE_SAMPLES


def counts(grams: float) -> int:
    return round(ZERO_COUNTS + grams * COUNTS_PER_KG / 1000)


def hold(weigher: Weigher, grams: float, samples: int = REST) -> list[Reading]:
    """Let a load lie still for a while."""
    return [weigher.take(counts(grams)) for _ in range(samples)]


def settled(readings: list[Reading]) -> list[int]:
    return [reading.gross_grams for reading in readings if reading.is_settled]


@pytest.fixture
def weigher() -> Weigher:
    """A scale that has found its zero."""
    weigher = Weigher(LIMITS)
    hold(weigher, 0)
    return weigher


def refusal(action: object) -> str:
    with pytest.raises(Rejected) as refused:
        action()  # type: ignore[operator]  # a bound method of the weigher
    return refused.value.code


def test_a_load_is_indicated_in_multiples_of_e_rounded_half_up(weigher: Weigher) -> None:
    for grams, shown in ((502.4, 500), (502.5, 505), (507.4, 505), (14_999, 15_000)):
        assert hold(weigher, grams)[-1].gross_grams == shown


def test_a_load_settles_once_when_two_adjacent_values_are_shown_over_the_window(weigher: Weigher) -> None:
    readings = hold(weigher, 500, 40)
    assert settled(readings) == [500]
    assert readings[0].state == MOVING
    assert readings[-1].state == STABLE


def test_a_load_that_keeps_swinging_by_more_than_two_values_never_settles(weigher: Weigher) -> None:
    readings = [weigher.take(counts(500 + 12 * (-1) ** (n // 4))) for n in range(60)]
    assert settled(readings) == []
    assert refusal(weigher.check_sellable) == "weighing.unstable"


def test_noise_and_creep_within_adjacent_values_do_not_weigh_a_load_again(weigher: Weigher) -> None:
    noise = random.Random(7)
    readings = [weigher.take(counts(502.5 + noise.gauss(0, 0.5) + n / 1000)) for n in range(400)]
    assert len(settled(readings)) == 1


def test_a_changed_load_is_weighed_anew(weigher: Weigher) -> None:
    readings = hold(weigher, 500, 20) + hold(weigher, 820, 20) + hold(weigher, 300, 20)
    assert settled(readings) == [500, 820, 300]


def test_the_same_goods_put_down_again_are_another_load(weigher: Weigher) -> None:
    readings = hold(weigher, 500) + hold(weigher, 0, 6) + hold(weigher, 500)
    assert settled(readings) == [500, 500]


def test_crumbs_on_the_pan_are_no_load(weigher: Weigher) -> None:
    assert settled(hold(weigher, 20, 40)) == []


def test_nothing_is_indicated_above_max_and_nine_intervals(weigher: Weigher) -> None:
    assert hold(weigher, 15_045)[-1].state == STABLE
    assert hold(weigher, 15_055)[-1].state == OVERLOAD
    assert refusal(weigher.check_sellable) == "weighing.overload"


def test_a_load_above_max_is_neither_weighed_nor_sold(weigher: Weigher) -> None:
    assert settled(hold(weigher, 15_010)) == []
    assert refusal(weigher.check_sellable) == "weighing.overload"


def test_a_load_below_min_is_weighed_but_not_sold(weigher: Weigher) -> None:
    assert settled(hold(weigher, 95)) == [95]
    assert refusal(weigher.check_sellable) == "weighing.below_min"
    hold(weigher, 100)
    assert weigher.check_sellable().net_grams == 100


def test_power_on_takes_a_resting_load_within_the_initial_range_as_zero() -> None:
    weigher = Weigher(LIMITS)
    assert hold(weigher, 1_400)[-1].gross_grams == 0
    assert hold(weigher, 1_900)[-1].gross_grams == 500


def test_power_on_with_more_than_the_initial_range_waits_for_an_empty_pan() -> None:
    weigher = Weigher(LIMITS)
    assert hold(weigher, 1_600)[-1].state == STARTING
    assert refusal(weigher.check_sellable) == "weighing.starting"
    assert refusal(weigher.tare) == "weighing.starting"
    assert hold(weigher, 0)[-1].state == STABLE


@pytest.mark.parametrize("woken_under", [310, 1_400])
def test_a_scale_that_woke_under_a_load_says_that_only_switching_it_on_anew_mends_its_zero(woken_under: int) -> None:
    weigher = Weigher(LIMITS)
    hold(weigher, woken_under)
    reading = hold(weigher, 0)[-1]
    assert (reading.state, reading.gross_grams) == (BELOW_ZERO, -woken_under)
    for ask in (weigher.zero, weigher.tare, weigher.require_empty, weigher.check_sellable):
        assert refusal(ask) == "weighing.below_zero"
    assert hold(Weigher(LIMITS), 0)[-1].is_zero


def test_a_zero_that_the_key_may_mend_is_mended_by_the_key() -> None:
    weigher = Weigher(LIMITS)
    hold(weigher, 290)
    assert hold(weigher, 0)[-1].state == STABLE
    assert refusal(weigher.check_sellable) == "weighing.negative"
    weigher.zero()
    assert hold(weigher, 0)[-1].is_zero


def test_the_zero_key_works_only_at_rest_and_within_four_percent_of_max(weigher: Weigher) -> None:
    hold(weigher, 290)
    weigher.zero()
    assert hold(weigher, 290)[-1].gross_grams == 0
    hold(weigher, 320)
    assert refusal(weigher.zero) == "weighing.zero_range"
    hold(weigher, 200, 2)
    assert refusal(weigher.zero) == "weighing.unstable"


def test_zero_tracking_follows_drift_slower_than_half_an_interval_a_second(weigher: Weigher) -> None:
    for n in range(2_000):  # 100 s; 20 g of drift, 0.2 g a second
        reading = weigher.take(counts(n / 100))
    assert reading.gross_grams == 0
    assert 18 <= weigher.zero_drift_grams <= 20


def test_zero_tracking_does_not_swallow_goods_that_are_added_slowly(weigher: Weigher) -> None:
    for n in range(400):  # 5 g a second, twice as fast as tracking may follow
        reading = weigher.take(counts(n / 4))
    assert reading.gross_grams >= 85


def test_zero_tracking_stops_at_the_end_of_the_zero_range(weigher: Weigher) -> None:
    for n in range(40_000):
        reading = weigher.take(counts(n / 100))
    assert weigher.zero_drift_grams <= 300
    assert reading.gross_grams >= 95


def test_tare_is_subtracted_and_max_is_not_extended(weigher: Weigher) -> None:
    hold(weigher, 250)
    weigher.tare()
    reading = hold(weigher, 750)[-1]
    assert (reading.gross_grams, reading.tare_grams, reading.net_grams) == (750, 250, 500)
    hold(weigher, 15_010)
    assert refusal(weigher.check_sellable) == "weighing.overload"


def test_tare_needs_rest(weigher: Weigher) -> None:
    hold(weigher, 250, 3)
    assert refusal(weigher.tare) == "weighing.unstable"


def test_net_is_negative_when_the_container_is_lifted_and_is_never_sold(weigher: Weigher) -> None:
    hold(weigher, 250)
    weigher.tare()
    reading = hold(weigher, 0)[-1]
    assert reading.net_grams == -250
    assert not reading.is_settled
    assert refusal(weigher.check_sellable) == "weighing.negative"


def test_the_container_stays_tared_for_the_next_customer(weigher: Weigher) -> None:
    hold(weigher, 250)
    weigher.tare()
    readings = hold(weigher, 750) + hold(weigher, 250) + hold(weigher, 750)
    assert settled(readings) == [750, 750]


def test_tare_is_cleared_by_the_same_key_with_an_empty_pan(weigher: Weigher) -> None:
    hold(weigher, 250)
    weigher.tare()
    hold(weigher, 0)
    weigher.tare()
    assert hold(weigher, 500)[-1].net_grams == 500


def test_tare_and_back_does_not_make_weighed_goods_new(weigher: Weigher) -> None:
    assert settled(hold(weigher, 500)) == [500]
    weigher.tare()
    assert hold(weigher, 500)[-1].net_grams == 0
    assert refusal(weigher.check_sellable) == "weighing.below_min"
    weigher.tare()
    assert settled(hold(weigher, 500, 40)) == []


def test_a_negative_pan_cannot_be_tared(weigher: Weigher) -> None:
    hold(weigher, -50)
    assert refusal(weigher.tare) == "weighing.negative"


def test_limits_that_are_not_a_scale_are_our_own_mistake() -> None:
    with pytest.raises(Misuse):
        Limits(15_000, 100, 0, ZERO_COUNTS, COUNTS_PER_KG)


STEPS = Limits(15_000, 40, 2, ZERO_COUNTS, COUNTS_PER_KG, ((6_000, 2), (15_000, 5)))


def test_the_interval_follows_the_load_up_and_down() -> None:
    weigher = Weigher(STEPS)
    hold(weigher, 0)
    for grams, shown, e_grams in (
        (501, 502, 2),
        (5_999, 6_000, 2),
        (6_003, 6_005, 5),
        (14_998, 15_000, 5),
        (501, 502, 2),
    ):
        reading = hold(weigher, grams)[-1]
        assert (reading.gross_grams, reading.e_grams, reading.state) == (shown, e_grams, STABLE)


def test_overload_of_partial_ranges_is_reckoned_in_the_last_interval() -> None:
    weigher = Weigher(STEPS)
    hold(weigher, 0)
    assert hold(weigher, 15_044)[-1].state == STABLE
    assert hold(weigher, 15_050)[-1].state == OVERLOAD


@pytest.mark.parametrize(
    "steps",
    [
        ((6_000, 5), (15_000, 2)),
        ((15_000, 2), (6_000, 5)),
        ((6_000, 2), (12_000, 5)),
        ((6_001, 2), (15_000, 5)),
        ((6_000, 5), (15_000, 10)),
        ((15_000, 2), (15_000, 5)),
    ],
)
def test_partial_ranges_that_do_not_rise_to_max_are_our_own_mistake(steps: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(Misuse):
        Limits(15_000, 40, 2, ZERO_COUNTS, COUNTS_PER_KG, steps)


def test_more_than_ten_thousand_intervals_are_no_class_three() -> None:
    with pytest.raises(Misuse):
        Limits(15_000, 100, 1, ZERO_COUNTS, COUNTS_PER_KG)


def test_a_preset_tare_is_rounded_marked_and_only_taken_at_an_empty_pan(weigher: Weigher) -> None:
    assert weigher.preset_tare(152) == 150
    reading = hold(weigher, 650)[-1]
    assert (reading.net_grams, reading.tare_grams, reading.is_preset) == (500, 150, True)
    assert refusal(lambda: weigher.preset_tare(0)) == "weighing.loaded"
    hold(weigher, 0)
    assert refusal(lambda: weigher.preset_tare(15_010)) == "weighing.preset"
    assert refusal(lambda: weigher.preset_tare(-5)) == "weighing.preset"
    assert weigher.preset_tare(0) == 0
    assert not hold(weigher, 500)[-1].is_preset


def test_a_measured_tare_or_zero_takes_the_mark_of_a_preset_one_away(weigher: Weigher) -> None:
    weigher.preset_tare(150)
    hold(weigher, 200)
    weigher.tare()
    reading = hold(weigher, 700)[-1]
    assert (reading.net_grams, reading.is_preset) == (500, False)
    hold(weigher, 0)
    weigher.preset_tare(150)
    weigher.zero()
    assert not hold(weigher, 500)[-1].is_preset


def test_a_source_that_sees_motion_is_believed(weigher: Weigher) -> None:
    for _ in range(40):
        reading = weigher.take(counts(500), is_steady=False)
    assert reading.state == MOVING
    assert settled(hold(weigher, 500)) == [500]


def test_a_source_that_falls_silent_shows_nothing_and_its_load_is_not_weighed_again(weigher: Weigher) -> None:
    assert settled(hold(weigher, 500)) == [500]
    assert weigher.lose().state == weighing.SILENT
    for action in (weigher.check_sellable, weigher.zero, weigher.tare):
        assert refusal(action) == "weighing.silent"
    readings = hold(weigher, 500, 40)
    assert readings[-1].gross_grams == 500
    assert settled(readings) == []
