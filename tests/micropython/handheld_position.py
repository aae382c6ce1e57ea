"""Position and satellite time on the real interpreter: a fix ages and dies, and a clock is set only on good grounds.

Run one test: ``micropython handheld_position.py test_name``; tests/firmware/test_handheld_position.py runs them all.
"""

import sys
import time

from handheld.gnss_clock import CONFIRMATIONS, EARLIEST_MS, PAUSE_MS, GnssClock
from handheld.nmea import Fix
from handheld.whereabouts import FIX_LASTS_MS, Whereabouts
from tracewire.errors import Unavailable

NOW_MS = 1790000000000
HOUR_MS = 3600000


class Board:
    """The clock of a board, and the ticks that go on whatever its clock says."""

    def __init__(self, clock_ms=NOW_MS):
        self.clock_ms = clock_ms
        self.ticks = 1000

    def now_ms(self):
        return self.clock_ms

    def ticks_ms(self):
        return self.ticks

    def pass_ms(self, duration_ms):
        self.clock_ms += duration_ms
        self.ticks = time.ticks_add(self.ticks, duration_ms)


class Records:
    """Stands where history and publisher stand: notes what was set, or has no room."""

    def __init__(self, board, is_full=False):
        self.board = board
        self.is_full = is_full
        self.steps = []
        self.woken = 0

    def set_clock(self, unix_ms, source):
        if self.is_full:
            raise Unavailable("journal.full")
        self.steps.append((unix_ms, source))
        self.board.clock_ms = unix_ms

    def wake(self):
        self.woken += 1


class Said:
    """What the receiver said last."""

    utc_ms = None


def told(clock, board, offset_ms, seconds):
    """A receiver that is ``offset_ms`` ahead of the board, for so many seconds."""
    said = Said()
    true_ms = board.now_ms() + offset_ms
    for _ in range(seconds):
        board.pass_ms(1000)
        true_ms += 1000
        said.utc_ms = true_ms
        clock.consider(said)
        clock.consider(said)  # heard again in the next chunk of bytes: counts once


def place(board):
    return Whereabouts(None, board.ticks_ms, None)


def test_without_a_fix_there_are_no_coordinates():
    here = place(Board())
    assert here.fields() == {"fix_quality": 0}
    assert here.words() == "无定位"
    here.receiver.quality = 8
    assert here.fields() == {"fix_quality": 8}


def test_a_fix_is_given_with_its_age_and_then_forgotten_for_good():
    board = Board()
    here = place(board)
    here.receiver.fix = Fix(24479836, 118086383, 4500, 1, board.ticks_ms())
    assert here.fields()["fix_age_ms"] == 0
    assert here.words() == "定位 ±5米"
    board.pass_ms(FIX_LASTS_MS)
    assert here.fields()["fix_age_ms"] == FIX_LASTS_MS
    assert "30秒前" in here.words()
    board.pass_ms(1)
    assert here.fields() == {"fix_quality": 0}
    board.ticks = time.ticks_add(board.ticks, -FIX_LASTS_MS)  # as if the ticks had gone all the way round
    assert here.fields() == {"fix_quality": 0}


def test_damaged_lines_are_told():
    here = place(Board())
    here.receiver.feed(b"$GPGGA,nonsense*00\r\n", 0)
    assert here.words() == "无定位  乱码1行"


def test_a_clock_within_tolerance_is_left_alone():
    board = Board()
    records = Records(board)
    told(GnssClock(board, records, records), board, 1900, 20)
    assert records.steps == []


def test_a_wrong_clock_is_set_after_agreeing_sentences_and_says_its_source():
    for offset_ms in (HOUR_MS, -HOUR_MS, 10 * 365 * 24 * HOUR_MS):
        board = Board()
        records = Records(board)
        told(GnssClock(board, records, records), board, offset_ms, CONFIRMATIONS - 1)
        assert records.steps == []
        told(GnssClock(board, records, records), board, offset_ms, CONFIRMATIONS)
        assert len(records.steps) == 1 and records.steps[0][1] == "gnss"
        assert records.woken == 1


def test_sentences_that_disagree_set_nothing():
    board = Board()
    records = Records(board)
    clock = GnssClock(board, records, records)
    for number in range(30):
        told(clock, board, HOUR_MS * (1 + number % 2), 1)
    assert records.steps == []


def test_a_time_before_this_firmware_is_not_believed():
    board = Board(EARLIEST_MS - HOUR_MS)
    records = Records(board)
    told(GnssClock(board, records, records), board, -1000 * HOUR_MS, 20)
    assert records.steps == []


def test_a_hostile_receiver_costs_at_most_a_record_an_hour():
    board = Board()
    records = Records(board)
    clock = GnssClock(board, records, records)
    for _ in range(60):
        told(clock, board, HOUR_MS, 30)
        told(clock, board, -HOUR_MS, 30)
    assert len(records.steps) == 1
    board.pass_ms(PAUSE_MS)
    told(clock, board, HOUR_MS, CONFIRMATIONS)
    assert len(records.steps) == 2


def test_without_room_for_the_record_the_clock_stays():
    board = Board()
    records = Records(board, is_full=True)
    told(GnssClock(board, records, records), board, HOUR_MS, 10)
    assert records.steps == [] and records.woken == 0
    assert board.clock_ms == NOW_MS + 10000


if __name__ == "__main__":
    globals()[sys.argv[1]]()
