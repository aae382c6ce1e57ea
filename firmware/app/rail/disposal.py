"""Condemned carcasses: judged while they hang, weighed again to be destroyed, and both weights must agree.

A carcass that fails the post-mortem inspection 宰后检验 gets a test record that says so; it leaves on no voucher. What
is destroyed is weighed once more: weight in = weight destroyed (Licheng plan 三(五): no second sale). The movement
``dispose`` names the carcasses with their weights in, and ``waste_grams`` is what went into the destruction.
"""

from tracewire import record
from tracewire.errors import Rejected

from rail.register import CONDEMNED, GONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from device.history import History
    from device.publisher import Publisher

    from rail.carcass import Carcass
    from rail.carcass_book import CarcassBook
    from rail.register import Entry, Register

LOSS_PERMILLE = 30
"""A hot carcass dries while it waits: 2 % in the first day is usual; more than 3 % is missing meat (our choice)."""

ERROR_INTERVALS = 3
"""Each weighing may be wrong by three e in service: twice the 1.5 e of verification (R 76-1, 3.5.1 and 3.5.2)."""

MOST_AT_ONCE = 32
"""Rows of one movement record."""

INSPECTION = "宰后检验"
_METHOD_OTHER, _FAIL, _DISPOSE = 0, 2, 5  # positions in ``TEST_METHODS``, ``TEST_RESULTS`` and ``MOVEMENTS``


def agrees(condemned_grams: "Sequence[int]", destroyed_grams: int, e_grams: int) -> bool:
    """Tell whether ``destroyed_grams`` is everything that was condemned, within loss and error of the weighings."""
    condemned = sum(condemned_grams)
    error = (len(condemned_grams) + 1) * ERROR_INTERVALS * e_grams
    return condemned * (1000 - LOSS_PERMILLE) // 1000 - error <= destroyed_grams <= condemned + error


class Disposal:
    """What this line condemned and has not destroyed yet. ``is_awaited``: the next load is weighed to be destroyed."""

    def __init__(
        self,
        history: "History",
        publisher: "Publisher",
        register: "Register",
        book: "CarcassBook",
        code_base: str,
        e_grams: int,
    ) -> None:
        self._history = history
        self._publisher = publisher
        self._register = register
        self._book = book
        self._code_base = code_base
        self._e_grams = e_grams
        self.is_awaited = False

    def await_load(self) -> bool:
        """Take the next load for what was condemned, or no longer; returns which. Rejected "disposal.nothing"."""
        if not self.is_awaited and not self._register.find(CONDEMNED, 1):
            raise Rejected("disposal.nothing")
        self.is_awaited = not self.is_awaited
        return self.is_awaited

    def condemn(self, carcass: "Carcass | None") -> None:
        """Record that what hangs failed its inspection; recorded as a carcass first, if it is not yet.

        Raises Rejected "carcass.none", "carcass.condemned", "disposal.full" when 32 wait to be destroyed.
        """
        if carcass is None or carcass.is_withheld:
            raise Rejected("carcass.none")
        if carcass.is_condemned:
            raise Rejected("carcass.condemned")
        if len(self._register.find(CONDEMNED, MOST_AT_ONCE)) == MOST_AT_ONCE:
            raise Rejected("disposal.full")
        if carcass.entry is None:
            self._book.enter(carcass)
        sample = carcass.identity.tag or "H%d" % carcass.identity.hook
        body = {"lot": carcass.code, "sample": sample, "item": INSPECTION, "method": _METHOD_OTHER, "result": _FAIL}
        self._history.write([(record.TEST, body)])
        # A crash from here on: condemned; the register is mended at boot.
        self._register.change([carcass.entry], CONDEMNED)
        carcass.is_condemned = True
        self._publisher.wake()

    def destroy(self, load: "Carcass") -> int:
        """Record that the load is what was condemned, and goes into destruction; returns how many carcasses it was.

        Raises Rejected "disposal.nothing", or "disposal.mismatch" with an audit record of both weights.
        """
        self.is_awaited = False
        condemned = self._register.find(CONDEMNED, MOST_AT_ONCE)
        if not condemned:
            raise Rejected("disposal.nothing")
        grams_in, grams = [entry.grams for entry in condemned], load.reading.net_grams
        if not agrees(grams_in, grams, self._e_grams):
            self._history.audit("disposal_mismatch", "%d g condemned, %d g brought" % (sum(grams_in), grams))
            self._publisher.wake()
            raise Rejected("disposal.mismatch")
        entries, weighing_back = load.weighing_before(self._history)
        entries.append(self._movement(condemned, grams, weighing_back))
        written, _ = self._history.write(entries)[-1]
        # A crash from here on: destroyed; the register is mended at boot.
        load.weighing_seq = written.seq - weighing_back
        self._register.change(condemned, GONE)
        self._publisher.wake()
        return len(condemned)

    def _movement(self, condemned: "list[Entry]", grams: int, weighing_back: int) -> "tuple[int, dict[str, object]]":
        inputs = [(record.code_of(self._code_base, entry.number), entry.grams) for entry in condemned]
        return record.MOVEMENT, {
            "movement": _DISPOSE,
            "inputs": inputs,
            "waste_grams": grams,
            "weighing_back": weighing_back,
        }
