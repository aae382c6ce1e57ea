"""What hangs on the rail and whose tag was read: rules without clock, file or network.

Tag and hook may be read before or after the weight settles. What is read while a carcass hangs that has no record yet
is its own; what is read before waits a few seconds for the next one. So the reader's antenna must stand at the scale
and not reach the hook that comes next; and between two carcasses the scale must see its load halved.

A carcass is recorded with its ear tag at once; with a hook alone after two seconds, in case the tag is late; with
neither when it leaves, under a number that the device gives. A carcass whose tag was weighed before is the exception:
it may be the same one hung twice, so it is nobody's until another tag is read or a person presses the key "no tag".
"""

import time

from scale.load import SALE_WAIT_MS, Load
from scale.weighing import BELOW_ZERO, LOAD_INTERVALS, MOVING, STABLE
from tracewire import record
from tracewire.errors import Rejected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scale.weighing import Reading

TAG_WAITS_MS = 6000
"""A tag that was read before its carcass hangs still belongs to it: one place on a line of a carcass every 5 s."""

ECHO_MS = 2000
"""A reader repeats itself while a transponder is in its field; the same frame within this time is not a second tag."""

LINGER_MS = 3000
"""The tag of the carcass that has just left, read again at the empty rail, is a last look at it."""

GIVEN_HOOKS_FROM = 1000000
"""Hook numbers that the device gives; a transponder's has six digits at most."""

WHOLE, LEFT, RIGHT = 0, 1, 2  # positions in ``vocabulary.CARCASS_SIDES``


class Identity:
    """What was read of one carcass; ``is_repeated``: its tag was weighed before and is not believed."""

    def __init__(self) -> None:
        self.tag = None
        self.hook = None
        self.is_repeated = False


class Carcass(Load):
    """A load on the rail with its identity. ``entry`` is its place in the register, None until it is on flash.

    ``is_withheld``: it is no new carcass, it is too light or is weighed to be destroyed.
    """

    def __init__(self, reading: "Reading", e_grams: int, now_ticks_ms: int, identity: Identity) -> None:
        Load.__init__(self, reading, e_grams, now_ticks_ms)
        self.identity = identity
        self.entry = None
        self.code = ""
        self.is_withheld = False
        self.is_condemned = False
        self._is_put_off = False

    def is_ready(self, now_ticks_ms: int) -> bool:
        """Tell whether it is to be recorded now: enough is known of it, and it was not refused a moment ago."""
        has_waited = time.ticks_diff(now_ticks_ms, self._settled_ticks_ms) >= SALE_WAIT_MS
        if self.entry is not None or self.is_withheld or (self._is_put_off and not has_waited):
            return False
        has_hook = self.identity.hook is not None and not self.identity.is_repeated
        return self.identity.tag is not None or (has_waited and has_hook)

    @property
    def is_left_over(self) -> bool:
        """Tell whether it is a carcass that nobody could name: to be recorded under a given hook when it leaves."""
        return self.entry is None and not self.is_withheld and not self.identity.is_repeated

    def weigh_again(self, reading: "Reading", now_ticks_ms: int) -> None:
        """Take a newer weight: it was touched before it had its record, and has come to rest once more."""
        self.reading = reading
        self.weighing_seq = None
        self._settled_ticks_ms = now_ticks_ms

    def wait_again(self, now_ticks_ms: int) -> None:
        """Try to record it again later: it was refused."""
        Load.wait_again(self, now_ticks_ms)
        self._is_put_off = True

    def record(self, code: str, lot: str, side: int, weighing_back: int) -> "tuple[int, dict[str, object]]":
        """Return kind and body of its record."""
        body = {
            "carcass": code,
            "lot": lot,
            "hot_grams": self.reading.net_grams,
            "side": side,
            "weighing_back": weighing_back,
        }
        if self.identity.tag is not None:
            body["ear_tag"] = self.identity.tag
        if self.identity.hook is not None:
            body["hook"] = self.identity.hook
        return record.CARCASS, body


class Rail:
    """One weighing place: what hangs there, and what was read for what comes next.

    A load of less than ``lightest_grams`` is no carcass: an empty hook, a hand, a trolley.
    """

    def __init__(self, lightest_grams: int, e_grams: int) -> None:
        self._lightest_grams = lightest_grams
        self._e_grams = e_grams
        self.carcass = None
        self._early = Identity()
        self._early_ticks_ms = 0
        self._frame = b""
        self._frame_ticks_ms = 0
        self._left_tag = None
        self._left_ticks_ms = 0
        self._is_loaded = False

    def hang(self, reading: "Reading", now: int) -> Carcass:
        """A load has settled: it is the next carcass, with the tag that waited for it."""
        self.carcass = Carcass(reading, self._e_grams, now, Identity())
        self.carcass.is_withheld = reading.net_grams < self._lightest_grams
        if not self.carcass.is_withheld:
            self.carcass.identity, self._early = self._waiting(now), Identity()
        return self.carcass

    def touched(self, reading: "Reading", now: int) -> Load:
        """Return what settled while a carcass hangs that is recorded already: a weight, and no second carcass."""
        return Load(reading, self._e_grams, now)

    def has_left(self, reading: "Reading") -> bool:
        """Follow the weight; tell whether what hung is gone, or half of it."""
        if reading.state not in (MOVING, STABLE, BELOW_ZERO):
            return False
        self._is_loaded = reading.net_grams >= LOAD_INTERVALS * self._e_grams
        return self.carcass is not None and reading.net_grams * 2 < self.carcass.reading.net_grams

    def take_off(self, now: int) -> "Carcass | None":
        """Return what hung, and hang nothing."""
        carcass, self.carcass = self.carcass, None
        if carcass is not None:
            self._left_tag, self._left_ticks_ms = carcass.identity.tag, now
            self._frame = b""  # the same words at the next carcass are news
        return carcass

    def is_echo(self, frame: bytes, now: int) -> bool:
        """Tell whether the reader only repeats itself."""
        is_same = frame == self._frame and time.ticks_diff(now, self._frame_ticks_ms) < ECHO_MS
        self._frame, self._frame_ticks_ms = frame, now
        return is_same

    def wears(self, tag: str) -> bool:
        """Tell whether what hangs is known by this tag already."""
        return self.carcass is not None and tag == self.carcass.identity.tag

    def lingers(self, tag: str, now: int) -> bool:
        """Tell whether this is the tag of what has just left, seen once more at an empty rail."""
        is_empty = self.carcass is None and not self._is_loaded
        return is_empty and tag == self._left_tag and time.ticks_diff(now, self._left_ticks_ms) < LINGER_MS

    def read_tag(self, tag: str, now: int) -> None:
        """Give a tag to its carcass; Rejected "tag.late" when that was recorded without one."""
        if self.carcass is not None and self.carcass.entry is not None and self.carcass.identity.tag is None:
            raise Rejected("tag.late", tag)
        identity = self._addressed(now)
        identity.tag, identity.is_repeated = tag, False

    def read_hook(self, hook: int, now: int) -> None:
        """Give a hook to its carcass; the hook of one that is recorded already comes too late and means nothing."""
        if self.carcass is None or self.carcass.entry is None:
            self._addressed(now).hook = hook

    def refuse_tag(self, now: int) -> None:
        """Note that what hangs, or comes next, wears a tag that was weighed before."""
        self._addressed(now).is_repeated = True

    def _addressed(self, now: int) -> Identity:
        if self.carcass is not None and self.carcass.entry is None and not self.carcass.is_withheld:
            return self.carcass.identity
        self._early = self._waiting(now)
        self._early_ticks_ms = now
        return self._early

    def _waiting(self, now: int) -> Identity:
        is_fresh = time.ticks_diff(now, self._early_ticks_ms) < TAG_WAITS_MS
        return self._early if is_fresh else Identity()
