"""What became of the labels of a range: what was issued against what was said, and what does not fit; pure.

    issued = used + void + outstanding

A function of what is known, whatever the order in which it came. Codes of what does not fit, each with its records:

``not_issued``    said to be used or void, and never handed out
``twice``         said of by two records
``other_holder``  said of a device or printer that they were not issued to
``no_range``      numbers that no range has (``reconcile.py``)
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from cloud.codes.labels import Labelled

NOT_ISSUED, TWICE, OTHER_HOLDER, NO_RANGE = "not_issued", "twice", "other_holder", "no_range"
FAULTS = (NOT_ISSUED, TWICE, OTHER_HOLDER, NO_RANGE)


class What(StrEnum):
    """What became of a label."""

    FREE = "free"  # not issued yet, and nobody spoke of it
    OUTSTANDING = "outstanding"  # issued, and nobody spoke of it
    USED = "used"
    VOID = "void"


@dataclass(frozen=True)
class Issue:
    """Numbers that were handed to a device or printer."""

    first: int
    last: int
    device: str
    moment_ms: int


@dataclass(frozen=True)
class Stretch:
    """Numbers of which the same is known."""

    first: int
    last: int
    what: What
    is_issued: bool
    faults: tuple[str, ...] = ()
    said: tuple[Labelled, ...] = ()

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Fault:
    """What does not fit with these numbers, and who says so."""

    code: str
    first: int
    last: int
    proof: tuple[Labelled, ...]


@dataclass(frozen=True)
class Reckoning:
    """The numbers of a range from the first to the last, none left out."""

    stretches: tuple[Stretch, ...]

    @property
    def issued(self) -> int:
        """How many were handed out."""
        return sum(each.count for each in self.stretches if each.is_issued)

    @property
    def used(self) -> int:
        """How many of those issued are on goods."""
        return self._issued(What.USED)

    @property
    def void(self) -> int:
        """How many of those issued are worth nothing."""
        return self._issued(What.VOID)

    @property
    def outstanding(self) -> int:
        """How many were issued of which nobody has said what became: what a reconciliation is about."""
        return self._issued(What.OUTSTANDING)

    @property
    def faults(self) -> list[Fault]:
        """What does not fit, by code and number."""
        found: list[Fault] = []
        for code in FAULTS:
            for each in self.stretches:
                if code not in each.faults:
                    continue
                newest = found[-1] if found else None
                if newest and (newest.code, newest.last + 1, newest.proof) == (code, each.first, each.said):
                    found[-1] = replace(newest, last=each.last)
                else:
                    found.append(Fault(code, each.first, each.last, each.said))
        return found

    def _issued(self, what: What) -> int:
        return sum(each.count for each in self.stretches if each.is_issued and each.what is what)


def reckon(first: int, last: int, issues: Sequence[Issue], said: Sequence[Labelled]) -> Reckoning:
    """Return what became of the numbers from ``first`` to ``last``; issues never overlap, what is said may."""
    return Reckoning(tuple(_joined(_cut(first, last, sorted(issues, key=lambda each: each.first), said))))


def _cut(first: int, last: int, issues: Sequence[Issue], said: Sequence[Labelled]) -> Iterator[Stretch]:
    """Yield the pieces between any two numbers where something begins or ends."""
    known: list[Issue | Labelled] = [*issues, *said]
    spans = [(max(each.first, first), min(each.last, last) + 1) for each in known]
    cuts = sorted({first, last + 1, *(cut for start, end in spans if start < end for cut in (start, end))})
    beginning: dict[int, list[Labelled]] = {}
    for each in sorted(said, key=lambda each: each.place):
        beginning.setdefault(max(each.first, first), []).append(each)
    starts = [issue.first for issue in issues]
    active: list[Labelled] = []
    for start, end in pairwise(cuts):
        active = [each for each in active if each.last >= start] + beginning.get(start, [])
        place = bisect_right(starts, start) - 1
        issue = issues[place] if place >= 0 and issues[place].last >= start else None
        yield _stretch(start, end - 1, issue, tuple(sorted(active, key=lambda each: each.place)))


def _stretch(first: int, last: int, issue: Issue | None, said: tuple[Labelled, ...]) -> Stretch:
    if not said:
        return Stretch(first, last, What.OUTSTANDING if issue else What.FREE, issue is not None)
    found = {
        NOT_ISSUED: issue is None,
        TWICE: len(said) > 1,
        OTHER_HOLDER: issue is not None and any(each.device not in ("", issue.device) for each in said),
    }
    what = What.USED if any(not each.is_void for each in said) else What.VOID
    return Stretch(first, last, what, issue is not None, tuple(code for code in found if found[code]), said)


def _joined(stretches: Iterator[Stretch]) -> Iterator[Stretch]:
    """Yield neighbours of which the same is known as one."""
    held = next(stretches)
    for each in stretches:
        if replace(each, first=held.first, last=held.last) == held:
            held = replace(held, last=each.last)
        else:
            yield held
            held = each
    yield held
