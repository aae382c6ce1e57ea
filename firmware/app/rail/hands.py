"""What hands do at the rail: eight keys for lots, a few for what is not a carcass every five seconds, and cards.

The matrix is the counter scale's with other labels: 0 无耳标 (no tag), 1 不合格 (condemned), 2 处置 (to be destroyed),
3 重打 (print again), 9 铭牌 (type plate, a line for each press); clear takes the lot off the line.
"""

from tracewire.errors import Rejected

from rail import lots, screens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scale.platform import Platform
    from scale.type_plate import TypePlate

    from rail.carcass import Carcass, Rail
    from rail.carcass_book import CarcassBook
    from rail.disposal import Disposal
    from rail.exit_desk import ExitDesk
    from rail.lot_desk import LotDesk
    from rail.screens import RailScreen

NO_TAG, CONDEMN, DISPOSE, REPRINT, PLATE = "digit0", "digit1", "digit2", "digit3", "digit9"


class Hands:
    """What each key and each card does to what hangs on the rail."""

    def __init__(
        self,
        platform: "Platform",
        rail: "Rail",
        book: "CarcassBook",
        lot_desk: "LotDesk",
        disposal: "Disposal",
        exit_desk: "ExitDesk",
        plate: "TypePlate",
        screen: "RailScreen",
    ) -> None:
        self._platform = platform
        self._rail = rail
        self._book = book
        self._lot_desk = lot_desk
        self._exit_desk = exit_desk
        self._disposal = disposal
        self._plate = plate
        self._line_of_plate = -1
        self._screen = screen
        self._answers = {
            "clear": lot_desk.clear,
            NO_TAG: self._enter_without_tag,
            CONDEMN: self._condemn,
            DISPOSE: self._dispose,
            REPRINT: exit_desk.reprint,
            PLATE: self._show_plate,
        }

    def press(self, key: str) -> None:
        """Answer one key; Rejected or Unavailable says why it could not be done, "key.unknown" for any other key."""
        if key.startswith("plu") and key[3:].isdigit():
            self._lot_desk.choose(int(key[3:]))
        elif key in self._answers:
            self._answers[key]()
        elif not self._platform.take(key):
            raise Rejected("key.unknown", key)

    def hold(self, card: bytes) -> None:
        """Take a card: a lot's brings the lot to the line, a buyer's takes the lot's carcasses away."""
        if lots.is_lot_card(card):
            self._lot_desk.present(card)
        else:
            self._exit_desk.hand_over(card)

    def destroy(self, carcass: "Carcass") -> None:
        """Take what hangs for what was condemned."""
        carcass.is_withheld = True
        self._screen.say(screens.DESTROYED % self._disposal.destroy(carcass))

    def _show_plate(self) -> None:
        self._line_of_plate += 1
        self._screen.say(self._plate.line(self._line_of_plate))

    def _enter_without_tag(self) -> None:
        carcass = self._rail.carcass
        if carcass is None or carcass.is_withheld:
            raise Rejected("carcass.none")
        if carcass.entry is not None:
            raise Rejected("carcass.recorded")
        self._book.enter(carcass)
        self._screen.recorded(carcass)

    def _condemn(self) -> None:
        self._disposal.condemn(self._rail.carcass)
        self._screen.condemned(self._rail.carcass)

    def _dispose(self) -> None:
        carcass = self._rail.carcass
        if carcass is not None and carcass.entry is None:
            self.destroy(carcass)
        else:
            self._screen.say(screens.DISPOSAL_AWAITED if self._disposal.await_load() else screens.DISPOSAL_ENDED)
