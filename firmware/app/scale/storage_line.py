"""How the records fare, for the seller: link, records without receipt, and a warning long before flash is full."""

from device.journal import FULL, NEARLY_FULL, SET_BACK
from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.journal import Journal
    from device.mqtt import Client
    from device.publisher import Publisher

    from scale.screens import Screen

WARNINGS = {NEARLY_FULL: "journal.nearly_full", FULL: "journal.full", SET_BACK: "journal.set_back"}


class StorageLine:
    """Asks journal, publisher and client, and tells the screen."""

    def __init__(self, screen: "Screen", journal: "Journal", publisher: "Publisher", client: "Client") -> None:
        self._screen = screen
        self._journal = journal
        self._publisher = publisher
        self._client = client

    def require_room(self) -> None:
        """Raise Unavailable "journal.full" or "journal.set_back": what is said and what is done must agree."""
        state = self._journal.state
        if state in (FULL, SET_BACK):
            raise Unavailable(WARNINGS[state])

    def show(self) -> None:
        """Bring the screen up to date."""
        warning = WARNINGS.get(self._journal.state, "")
        self._screen.storage(self._client.is_online, self._publisher.pending > 0, warning)
