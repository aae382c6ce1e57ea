"""The oracle that looks for devices which ran for more than 15 minutes without saying how they are."""

from tracewire import record
from tracewire.record import BOOT, CLOCK, HEALTH, WEIGHING

from simulators import accounting

MINUTE_MS = 60_000


def silences(*told: tuple[int, float]) -> list[str]:
    """What is found in records of these kinds at these minutes; a clock record sets the clock an hour ahead."""
    records = []
    for seq, (kind, minute) in enumerate(told, 1):
        body = {"before_ms": int((minute - 60) * MINUTE_MS)} if kind == CLOCK else {}
        records.append(record.Record(kind, body, seq, bytes(32), int(minute * MINUTE_MS), (0, 0, 0), 1))
    return accounting.silences(records)


def test_a_health_record_every_fifteen_minutes_is_enough() -> None:
    assert silences((BOOT, 10), (HEALTH, 10.3), (WEIGHING, 20), (HEALTH, 25.3), (HEALTH, 40)) == []


def test_longer_is_found_whether_a_health_record_ends_it_or_another_one_does() -> None:
    assert silences((BOOT, 10), (HEALTH, 10.3), (HEALTH, 25.4)) == ["record 3: 906 s since the last health record"]
    assert silences((BOOT, 10), (HEALTH, 10.3), (WEIGHING, 26)) == ["record 3: 942 s since the last health record"]
    assert silences((BOOT, 10), (WEIGHING, 25.1)) == ["record 2: 906 s since the last health record"]


def test_time_without_power_is_no_silence_and_a_clock_that_is_set_is_none_either() -> None:
    assert silences((BOOT, 10), (HEALTH, 10.3), (BOOT, 500), (HEALTH, 500.3)) == []
    assert silences((BOOT, 10), (HEALTH, 10.3), (CLOCK, 75), (HEALTH, 85.3)) == []
    assert silences((BOOT, 10), (HEALTH, 10.3), (CLOCK, 75), (HEALTH, 85.4)) != []
