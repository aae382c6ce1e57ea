"""The re-weigh test 复秤 of a stall's scale: reference mass against indication, and the verdict.

Class III in service, OIML R 76-1:2006: the permissible error on verification (3.5.1, table 6) doubled (3.5.2). A scale
rounds to e, so its true error is only known to half of e, unless small weights are added until the indication goes one
e further (A.4.4.3); without them a difference near the limit has no verdict yet. Milligrams, integers. Pure.

The indication is what the inspector read and keyed in. It stands in a re-weigh record and nowhere else: no weighing and
no sale can come out of this file.
"""

from tracewire import record
from tracewire.errors import Rejected
from tracewire.vocabulary import TEST_RESULTS, number

UNDECIDED = number(TEST_RESULTS, "pending")
PASSED = number(TEST_RESULTS, "pass")
FAILED = number(TEST_RESULTS, "fail")

CLASS_III_HALF_E_UP_TO = 500
CLASS_III_ONE_E_UP_TO = 2000
CLASS_III_LARGEST = 10000
"""Table 6, class III: 0.5 e up to 500 e, 1 e up to 2000 e, 1.5 e up to 10 000 e."""

IN_SERVICE = 2
"""3.5.2: in service the errors may be twice those on initial verification."""

MOST_ADDED_STEPS = 10
"""A.4.4.3: weights of e / 10 are added one by one; the tenth must turn the indication."""


class Reading:
    """One comparison; ``added_steps`` weights of e / 10 turned the indication, None when none were used."""

    def __init__(
        self, reference_grams: int, indicated_grams: int, e_grams: int, added_steps: "int | None" = None
    ) -> None:
        self.reference_grams = reference_grams
        self.indicated_grams = indicated_grams
        self.e_grams = e_grams
        self.added_steps = added_steps

    @property
    def added_milligrams(self) -> "int | None":
        """The mass that turned the indication."""
        return None if self.added_steps is None else self.added_steps * self.e_grams * 100

    def tolerance_milligrams(self) -> int:
        """Return the permissible error in service at this mass; ``Rejected("reweigh.range")`` beyond class III."""
        intervals, rest = divmod(self.reference_grams, self.e_grams)
        intervals += 1 if rest else 0
        half_e_milligrams = self.e_grams * 500
        if intervals <= CLASS_III_HALF_E_UP_TO:
            return IN_SERVICE * half_e_milligrams
        if intervals <= CLASS_III_ONE_E_UP_TO:
            return IN_SERVICE * 2 * half_e_milligrams
        if intervals <= CLASS_III_LARGEST:
            return IN_SERVICE * 3 * half_e_milligrams
        raise Rejected("reweigh.range", "%d e" % intervals)

    def error_range_milligrams(self) -> "tuple[int, int]":
        """Return the least and the largest error before rounding that fit what was seen."""
        difference = (self.indicated_grams - self.reference_grams) * 1000
        half_e_milligrams = self.e_grams * 500
        if self.added_milligrams is None:
            return difference - half_e_milligrams, difference + half_e_milligrams
        error = difference + half_e_milligrams - self.added_milligrams
        return error, error

    def result(self) -> int:
        """Return PASSED, FAILED, or UNDECIDED when small weights are needed to tell."""
        least, largest = self.error_range_milligrams()
        tolerance = self.tolerance_milligrams()
        if -tolerance <= least and largest <= tolerance:
            return PASSED
        if largest < -tolerance or tolerance < least:
            return FAILED
        return UNDECIDED

    def entry(self, instrument: str, visit_back: int) -> "tuple[int, dict[str, object]]":
        """Return kind and body of the re-weigh record."""
        body = {
            "instrument": instrument,
            "reference_grams": self.reference_grams,
            "indicated_grams": self.indicated_grams,
            "e_grams": self.e_grams,
            "tolerance_milligrams": self.tolerance_milligrams(),
            "result": self.result(),
            "visit_back": visit_back,
        }
        if self.added_milligrams is not None:
            body["added_milligrams"] = self.added_milligrams
        return record.REWEIGH, body
