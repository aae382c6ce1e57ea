"""Two climbing rates, full jitter, and obedience to Retry-After."""

import email.utils
import time
from collections.abc import Callable

from edge.backoff import Backoff, LinkState
from edge.forwarder import RETRY_AFTER_MAX_S, retry_after_ms

Spread = Callable[[float, float], float]


def test_a_lost_link_climbs_to_its_own_ceiling(no_spread: Spread) -> None:
    backoff = Backoff(500, 4_000, 5_000, 900_000, no_spread)
    assert [backoff.unreachable_ms() for _ in range(5)] == [500, 1_000, 2_000, 4_000, 4_000]
    assert backoff.state is LinkState.UNREACHABLE


def test_a_refusal_climbs_higher_and_starts_low_when_the_kind_changes(no_spread: Spread) -> None:
    backoff = Backoff(500, 4_000, 5_000, 900_000, no_spread)
    backoff.unreachable_ms()
    assert [backoff.refused_ms() for _ in range(3)] == [5_000, 10_000, 20_000]
    assert backoff.unreachable_ms() == 500


def test_success_begins_anew(no_spread: Spread) -> None:
    backoff = Backoff(500, 4_000, 5_000, 900_000, no_spread)
    backoff.unreachable_ms()
    backoff.worked()
    assert (backoff.state, backoff.unreachable_ms()) == (LinkState.WORKING, 500)


def test_a_thousand_failures_do_not_overflow(no_spread: Spread) -> None:
    backoff = Backoff(500, 60_000, 5_000, 900_000, no_spread)
    assert [backoff.unreachable_ms() for _ in range(1000)][-1] == 60_000


def test_jitter_uses_the_whole_range() -> None:
    backoff = Backoff(1_000, 1_000, 1, 1)
    pauses = [backoff.unreachable_ms() for _ in range(200)]
    assert min(pauses) < 200 < 800 < max(pauses) <= 1_000


def test_retry_after_is_a_floor(no_spread: Spread) -> None:
    assert Backoff(500, 4_000, 5_000, 900_000, no_spread).refused_ms(30_000) == 35_000


def test_retry_after_is_read_in_both_forms_and_nonsense_is_ignored() -> None:
    assert retry_after_ms("7") == 7_000
    assert retry_after_ms("999999999999999999999") == RETRY_AFTER_MAX_S * 1000
    assert 50_000 < retry_after_ms(email.utils.formatdate(time.time() + 60, usegmt=True)) <= 60_000
    assert retry_after_ms(email.utils.formatdate(time.time() - 60, usegmt=True)) == 0
    for nonsense in ("", "soon", "-5", "³", "Mon, 99 Foo 2026"):
        assert retry_after_ms(nonsense) == 0
