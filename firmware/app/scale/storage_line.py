"""How the board fares, for the seller: link, records without receipt, a warning long before flash is full or dark.

It is also where the watchdog hears of the journal: one whose flash no longer takes records is stuck.
"""

from device.health import WARNINGS
from device.journal import FULL, SET_BACK, WORN_OUT
from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.journal import Journal
    from device.mqtt import Client
    from device.publisher import Publisher

    from scale.screens import Screen

LOW_BATTERY_PERCENT = 15
_SHOWS_PER_LOOK = 40  # at the battery: every two seconds


class StorageLine:
    """Asks journal, publisher, client and battery, and tells the screen; ``progress`` is the watchdog's."""

    def __init__(
        self,
        screen: "Screen",
        journal: "Journal",
        publisher: "Publisher",
        client: "Client",
        progress: "Callable[[str], None]",
        battery_percent: "Callable[[], int | None]",
    ) -> None:
        self._screen = screen
        self._journal = journal
        self._publisher = publisher
        self._client = client
        self._progress = progress
        self._battery_percent = battery_percent
        self._shows = 0
        self._power = ""

    def require_room(self) -> None:
        """Raise Unavailable "journal.full" or "journal.set_back": what is said and what is done must agree."""
        state = self._journal.state
        if state in (FULL, SET_BACK):
            raise Unavailable(WARNINGS[state])

    def show(self) -> None:
        """Bring the screen up to date, twenty times a second."""
        state = self._journal.state
        if state != WORN_OUT:
            self._progress("journal")
        if self._shows % _SHOWS_PER_LOOK == 0:
            percent = self._battery_percent()
            self._power = "power.low" if percent is not None and percent <= LOW_BATTERY_PERCENT else ""
        self._shows += 1
        warning = WARNINGS.get(state) or self._power
        self._screen.storage(self._client.is_online, self._publisher.pending > 0, warning)
