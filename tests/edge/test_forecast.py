"""Hours of buffer left: from growth over the last minutes, and unknown while nothing grows."""

import pytest

from edge.forecast import LEAST_SECONDS, SAMPLE_SECONDS, WINDOW_SECONDS, BufferForecast

MEGABYTE = 1_000_000


def forecast(*sizes: int, every_s: float = SAMPLE_SECONDS) -> BufferForecast:
    made = BufferForecast()
    for index, size in enumerate(sizes):
        made.note(1000.0 + index * every_s, size)
    return made


def test_it_is_unknown_before_anything_was_seen() -> None:
    assert BufferForecast().hours_left(MEGABYTE) is None


def test_it_is_unknown_after_too_short_a_look() -> None:
    assert forecast(0, MEGABYTE, every_s=LEAST_SECONDS - 1).hours_left(MEGABYTE) is None


def test_a_megabyte_a_minute_uses_sixty_up_in_an_hour() -> None:
    sizes = [minute * MEGABYTE for minute in range(6)]
    assert forecast(*sizes, every_s=60).hours_left(60 * MEGABYTE) == pytest.approx(1.0)


@pytest.mark.parametrize("end", [MEGABYTE, MEGABYTE // 2, 0])
def test_it_is_unknown_while_nothing_grows(end: int) -> None:
    assert forecast(MEGABYTE, 2 * MEGABYTE, end, every_s=60).hours_left(MEGABYTE) is None


def test_a_fall_begins_the_look_anew() -> None:
    drained = forecast(0, 9 * MEGABYTE, MEGABYTE, every_s=60)
    assert drained.hours_left(MEGABYTE) is None
    drained.note(1180.0, 2 * MEGABYTE)
    assert drained.hours_left(60 * MEGABYTE) == pytest.approx(1.0)


def test_growth_of_long_ago_does_not_count() -> None:
    samples = round(WINDOW_SECONDS / SAMPLE_SECONDS) + 1
    assert forecast(0, *[MEGABYTE] * samples).hours_left(MEGABYTE) is None


def test_samples_that_come_too_close_do_not_push_the_window_out() -> None:
    often = forecast(*range(0, 10_000, 10), every_s=1)
    assert often.hours_left(36_000) == pytest.approx(1.0)
