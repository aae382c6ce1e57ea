"""Step 1 of 11, weigh: turn load-cell counts into settled weighings, by the rules for legal scales.

Before: nothing of ours: the load cell of ``hal`` delivers counts
After: firmware/lib/tracewire/cose.py

The metrology core: integers in, integers out; it knows no screen, no network, no clock and no file. Counts become
milligrams by a two-point calibration, milligrams become multiples of the scale interval e, and a weighing is settled
once per load. What a person asks for and may not have is a ``Rejected`` with a code that ``screens`` puts into words.
Numbers of OIML R 76-1:2006 stand beside their clause; a type approval has to confirm each one for its instrument.
"""

from tracewire.errors import Misuse, Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLES_PER_SECOND = 20
"""What the load-cell driver delivers; the periods below are counted in samples."""

AVERAGED_SAMPLES = 4
"""Moving average over 0.2 s: halves the noise, and costs a fifth of a second after the load came to rest."""

STABLE_SAMPLES = 8
"""Averages (0.4 s) that may show no more than two adjacent multiples of e (R 76-1, 4.4.2)."""

INITIAL_ZERO_PERMILLE = 200
"""Range of initial zero-setting, of Max, in all (R 76-1, 4.5.1)."""

ZERO_PERMILLE = 40
"""Range of the zero key and zero-tracking together, of Max, in all (R 76-1, 4.5.1)."""

ZERO_INDICATION_PERMILLE = 250
"""Zero is indicated within a quarter of e (R 76-1, 4.5.5)."""

TRACKING_E_PERMILLE_PER_SECOND = 500
"""Fastest zero-tracking: half a scale interval in a second (R 76-1, 4.5.7)."""

OVERLOAD_INTERVALS = 9
"""Nothing is indicated above Max + 9 e, e of the last partial range (R 76-1, 4.2.3)."""

MOST_INTERVALS = 10000
"""Scale intervals n = Max / e of class III, of each partial range too (R 76-1, table 3)."""

LOAD_INTERVALS = 5
"""Net e that count as goods; less is a drip or a hand on the pan and makes no record (our choice)."""

CHANGE_INTERVALS = 1
"""Adjacent multiples of e that are still one load; a load that differs by more is another one (4.4.2 again)."""

STARTING = "starting"
MOVING = "moving"
STABLE = "stable"
BELOW_ZERO = "below_zero"
OVERLOAD = "overload"
SILENT = "silent"

_MG_PER_GRAM = 1000
_MG_PER_KG = 1000000


class Limits:
    """What the type plate and the calibration say: Max, Min and e in grams, counts at zero and per kilogram.

    ``steps`` makes a multi-interval instrument (R 76-1, T.3.2.6): (upper end in grams, e in grams) of each partial
    range, rising, the last one ending at Max; which range is in use follows from the gross load, up and down. The
    first e is ``e_grams``, and zero, tare and Min are reckoned in it.
    """

    def __init__(
        self,
        max_grams: int,
        min_grams: int,
        e_grams: int,
        counts_at_zero: int,
        counts_per_kg: int,
        steps: "Sequence[Sequence[int]]" = (),
    ) -> None:
        self.steps = steps or ((max_grams, e_grams),)
        if not (0 < e_grams <= min_grams < max_grams and counts_per_kg > 0):
            raise Misuse("weighing.limits", "0 < e <= Min < Max and a positive slope are needed")
        if self.steps[0][1] != e_grams or self.steps[-1][0] != max_grams or not _is_rising(self.steps):
            raise Misuse("weighing.limits", "partial ranges rise from e to Max, in whole intervals")
        self.max_grams = max_grams
        self.min_grams = min_grams
        self.e_grams = e_grams
        self.counts_at_zero = counts_at_zero
        self.counts_per_kg = counts_per_kg

    def e_at(self, milligrams: int) -> int:
        """Return the scale interval, in grams, in which a gross load is indicated."""
        for upto, e in self.steps:
            if milligrams <= upto * _MG_PER_GRAM:
                return e
        return self.steps[-1][1]


class Reading:
    """What the scale indicates now; grams are multiples of e. ``is_zero``: gross zero within a quarter of e.

    ``is_settled`` is true in exactly one reading of each load: the one that becomes its weighing record. ``e_grams`` is
    the scale interval that it is shown in; ``is_preset``: the tare was keyed in and not weighed.
    """

    def __init__(
        self,
        state: str,
        gross_grams: int = 0,
        tare_grams: int = 0,
        is_zero: bool = False,
        is_settled: bool = False,
        e_grams: int = 0,
        is_preset: bool = False,
    ) -> None:
        self.state = state
        self.gross_grams = gross_grams
        self.tare_grams = tare_grams
        self.net_grams = gross_grams - tare_grams
        self.is_zero = is_zero
        self.is_settled = is_settled
        self.e_grams = e_grams
        self.is_preset = is_preset

    def looks_like(self, other: "Reading") -> bool:
        """Tell whether a person would see the same indication, so that a display need not be redrawn."""
        return (self.state, self.gross_grams, self.tare_grams, self.is_zero) == (
            other.state,
            other.gross_grams,
            other.tare_grams,
            other.is_zero,
        )


class Weigher:
    """One load receptor: feed it every sample with ``take``, ask it for ``zero`` and ``tare``."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._e_mg = limits.e_grams * _MG_PER_GRAM
        self._counts = []  # the newest AVERAGED_SAMPLES samples
        self._window = []  # the newest STABLE_SAMPLES averages, in mg above calibrated zero
        self._initial_zero_mg = None  # None until the first rest inside the initial range
        self._zero_mg = 0
        self._tare_grams = 0
        self._is_preset = False
        self._weighed_gross = None  # gross of the load on the pan that was settled already
        self.reading = Reading(STARTING)

    def take(self, counts: int, is_steady: bool = True) -> Reading:
        """Digest one sample and return the new reading; ``is_steady`` is False while the source itself sees motion."""
        _push(self._counts, counts, AVERAGED_SAMPLES)
        if not is_steady:
            self._window = []
        _push(self._window, self._milligrams(), STABLE_SAMPLES)
        if self._initial_zero_mg is None and not self._set_initial_zero():
            self.reading = Reading(STARTING)
            return self.reading
        if self._is_at_rest():
            self._track_zero()
        self.reading = self._read()
        return self.reading

    def lose(self) -> Reading:
        """Forget what the source said before it fell silent: nothing is indicated until it speaks and rests again."""
        self._counts, self._window = [], []
        self.reading = Reading(SILENT)
        return self.reading

    def zero(self) -> None:
        """Make the load on the pan the new zero and forget the tare (R 76-1, 4.5.4).

        Raises Rejected "weighing.unstable", "weighing.zero_range", and "weighing.below_zero" for a zero that was taken
        with a load on the pan, as 4.5.1 lets it: that is for the initial zero-setting at the next power-on to mend
        (T.2.7.2.4), because whatever else reached further than 4 % of Max would be against 4.5.1.
        """
        self._require_rest()
        mg = self._window[-1]
        if not self._is_in_zero_range(mg):
            raise Rejected("weighing.zero_range")
        self._zero_mg = mg
        self._tare_grams, self._is_preset = 0, False

    def tare(self) -> bool:
        """Take the load on the pan as container; with an empty pan, forget the container (R 76-1, 4.6).

        Returns whether a tare is in use now.

        Subtractive: Max is not extended. No other key changes a tare, so a load cannot be weighed with one tare and
        sold with another. Raises Rejected "weighing.unstable", "weighing.overload", "weighing.negative".
        """
        self._require_rest()
        gross = self.reading.gross_grams
        if gross < 0:
            raise Rejected("weighing.negative")
        if gross > self.limits.max_grams:
            raise Rejected("weighing.overload")
        self._tare_grams, self._is_preset = gross, False
        return gross > 0

    def preset_tare(self, grams: int) -> int:
        """Take a keyed-in number as container, rounded to e (R 76-1, 4.7.1); 0 forgets it. Returns the grams in use.

        The only number that a person can key in, and it can only lower what is sold: it is never negative, marked PT
        on screen and slip, and said in the record. At an empty pan only, so that no weighed load changes its net.
        Raises Rejected "weighing.unstable", "weighing.loaded", "weighing.preset" (above Max of the first range).
        """
        self.require_empty()
        tare = _to_multiple(grams, self.limits.e_grams) * self.limits.e_grams
        if not 0 <= tare <= self.limits.steps[0][0]:
            raise Rejected("weighing.preset")
        self._tare_grams, self._is_preset = tare, tare > 0
        return tare

    def require_empty(self) -> None:
        """Raise Rejected "weighing.loaded" unless the pan rests at zero: with a load indicated, nothing may change."""
        self._require_rest()
        if self.reading.gross_grams:
            raise Rejected("weighing.loaded")

    def check_sellable(self) -> Reading:
        """Return the reading if its weight may be sold, or raise Rejected with the first rule it breaks.

        Codes: "weighing.silent", "weighing.starting", "weighing.overload", "weighing.below_zero", "weighing.unstable",
        "weighing.negative", "weighing.below_min".
        """
        reading = self.reading
        if reading.state == SILENT:
            raise Rejected("weighing.silent")
        if reading.state == STARTING:
            raise Rejected("weighing.starting")
        if reading.state == OVERLOAD or reading.gross_grams > self.limits.max_grams:
            raise Rejected("weighing.overload")
        if reading.state == BELOW_ZERO:
            raise Rejected("weighing.below_zero")
        if reading.state != STABLE:
            raise Rejected("weighing.unstable")
        if reading.net_grams < 0:
            raise Rejected("weighing.negative")
        if reading.net_grams < self.limits.min_grams:
            raise Rejected("weighing.below_min")
        return reading

    @property
    def zero_drift_grams(self) -> int:
        """Whole grams by which zero has moved since power-on: a cell that drifts is a cell to look at."""
        if self._initial_zero_mg is None:
            return 0
        return _to_multiple(self._zero_mg - self._initial_zero_mg, _MG_PER_GRAM)

    def _milligrams(self) -> int:
        mean_times_n = sum(self._counts) - self.limits.counts_at_zero * len(self._counts)
        return mean_times_n * _MG_PER_KG // (self.limits.counts_per_kg * len(self._counts))

    def _is_at_rest(self) -> bool:
        if len(self._window) < STABLE_SAMPLES:
            return False
        e_mg = self.limits.e_at(self._window[-1] - self._zero_mg) * _MG_PER_GRAM
        lowest = _to_multiple(min(self._window) - self._zero_mg, e_mg)
        highest = _to_multiple(max(self._window) - self._zero_mg, e_mg)
        return highest - lowest <= 1

    def _require_rest(self) -> None:
        if self.reading.state == SILENT:
            raise Rejected("weighing.silent")
        if self.reading.state == STARTING:
            raise Rejected("weighing.starting")
        if self.reading.state == OVERLOAD:
            raise Rejected("weighing.overload")
        if self.reading.state == BELOW_ZERO:
            raise Rejected("weighing.below_zero")
        if self.reading.state != STABLE:
            raise Rejected("weighing.unstable")

    def _set_initial_zero(self) -> bool:
        mg = self._window[-1]
        reach_mg = self.limits.max_grams * INITIAL_ZERO_PERMILLE // 2  # grams x permille = mg; half to each side
        if not self._is_at_rest() or abs(mg) > reach_mg:
            return False
        self._initial_zero_mg = self._zero_mg = mg
        return True

    def _is_in_zero_range(self, mg: int) -> bool:
        return abs(mg - self._initial_zero_mg) <= self.limits.max_grams * ZERO_PERMILLE // 2

    def _track_zero(self) -> None:
        """Follow slow drift, only while zero is indicated and at rest, never faster than the limit (R 76-1, 4.5.7)."""
        off_mg = self._window[-1] - self._zero_mg
        if _to_multiple(off_mg, self._e_mg) != 0:
            return
        step_mg = self.limits.e_grams * TRACKING_E_PERMILLE_PER_SECOND // SAMPLES_PER_SECOND
        zero_mg = self._zero_mg + max(-step_mg, min(step_mg, off_mg))
        if self._is_in_zero_range(zero_mg):
            self._zero_mg = zero_mg

    def _read(self) -> Reading:
        gross_mg = self._window[-1] - self._zero_mg
        e_grams = self.limits.e_at(gross_mg)
        if gross_mg > (self.limits.max_grams + OVERLOAD_INTERVALS * e_grams) * _MG_PER_GRAM:
            return Reading(OVERLOAD)
        gross = _to_multiple(gross_mg, e_grams * _MG_PER_GRAM) * e_grams
        is_at_rest = self._is_at_rest()
        return Reading(
            self._state(gross) if is_at_rest else MOVING,
            gross,
            self._tare_grams,
            is_zero=abs(gross_mg) <= self.limits.e_grams * ZERO_INDICATION_PERMILLE,  # grams x permille = mg
            is_settled=self._settles(gross, e_grams, is_at_rest),
            e_grams=e_grams,
            is_preset=self._is_preset,
        )

    def _state(self, gross: int) -> str:
        """Tell a rest that counts from one below zero that the zero key may not mend: it woke under a load."""
        return BELOW_ZERO if gross < 0 and not self._is_in_zero_range(self._window[-1]) else STABLE

    def _settles(self, gross: int, e_grams: int, is_at_rest: bool) -> bool:
        """Tell whether this sample completes the weighing of a load that has not been weighed yet.

        A load is over when little is left on the pan and the gross weight has changed. The gross weight alone names
        the load: pressing tare and back again does not make the same goods sellable twice.
        """
        is_goods = gross - self._tare_grams >= LOAD_INTERVALS * self.limits.e_grams
        if self._weighed_gross is not None:
            is_same = abs(gross - self._weighed_gross) <= CHANGE_INTERVALS * e_grams
            if is_same:
                return False
            if not is_goods:
                self._weighed_gross = None
        if not (is_at_rest and is_goods) or gross > self.limits.max_grams:
            return False
        self._weighed_gross = gross
        return True


def _is_rising(steps: "Sequence[Sequence[int]]") -> bool:
    """Tell whether each partial range ends higher and in whole intervals, has a coarser e and not too many of them."""
    below = (0, 0)
    for upto, e in steps:
        if not (upto > below[0] and e > below[1] and upto % e == 0 and upto <= e * MOST_INTERVALS):
            return False
        below = (upto, e)
    return True


def _push(ring: "list[int]", value: int, size: int) -> None:
    ring.append(value)
    if len(ring) > size:
        ring.pop(0)


def _to_multiple(value: int, unit: int) -> int:
    """Return the number of ``unit``s nearest to ``value``; half a unit rounds up."""
    return (value + unit // 2) // unit
