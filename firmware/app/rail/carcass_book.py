"""Writes carcasses: weighing and carcass in one commit of the journal, then a line in the register."""

from tracewire import record

from rail.carcass import GIVEN_HOOKS_FROM, LEFT, RIGHT, WHOLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.history import History
    from device.publisher import Publisher
    from scale.storage_line import StorageLine

    from rail.carcass import Carcass, Identity
    from rail.lot_desk import LotDesk
    from rail.register import Register


class CarcassBook:
    """The carcasses of one line. With ``has_sides`` each tag and each hook comes twice: left, then right."""

    def __init__(
        self,
        history: "History",
        publisher: "Publisher",
        register: "Register",
        lot_desk: "LotDesk",
        storage_line: "StorageLine",
        code_base: str,
        has_sides: bool,
    ) -> None:
        self._history = history
        self._publisher = publisher
        self._register = register
        self._lot_desk = lot_desk
        self._storage_line = storage_line
        self._code_base = code_base
        self._has_sides = has_sides
        self._left_hook = None

    def is_repeated(self, tag: str) -> bool:
        """Tell whether this ear tag was weighed as often as an animal can be."""
        return self._register.count(tag) >= (2 if self._has_sides else 1)

    def enter(self, carcass: "Carcass") -> None:
        """Record a carcass; in the journal and in the register when this returns.

        Raises Rejected "lot.none", Unavailable "journal.full"; nothing is written then.
        """
        self._storage_line.require_room()
        lot = self._lot_desk.require()
        number = self._history.totals[0] + 1
        identity = carcass.identity
        if identity.tag is None and identity.hook is None:
            identity.hook = GIVEN_HOOKS_FROM + number
        code, side = record.code_of(self._code_base, number), self._side(identity)
        entries, weighing_back = carcass.weighing_before(self._history)
        entries.append(carcass.record(code, lot.code, side, weighing_back))
        written, _ = self._history.write(entries)[-1]  # 2 sign, 3 journal
        # On flash. A crash from here on: the carcass counts and will be published; the register is mended at boot.
        carcass.entry = self._register.add(identity.tag, number, carcass.reading.net_grams, lot.number)
        carcass.code = code
        carcass.weighing_seq = written.seq - weighing_back
        self._left_hook = identity.hook if side == LEFT else None
        self._publisher.wake()  # 4 publish

    def _side(self, identity: "Identity") -> int:
        if not self._has_sides:
            return WHOLE
        if identity.tag is not None:
            return RIGHT if self._register.count(identity.tag) else LEFT
        return RIGHT if identity.hook == self._left_hook else LEFT
