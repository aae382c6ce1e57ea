"""How the records fare, for the seller: link, records without receipt, and a warning long before flash is full."""

from device.journal import FULL, NEARLY_FULL
from tracewire.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from device.journal import Journal
    from device.mqtt import Client
    from device.publisher import Publisher

    from scale.screens import Screen

WARNINGS = {NEARLY_FULL: "journal.nearly_full", FULL: "journal.full"}


class StorageLine:
    """Asks journal, publisher and client, and tells the screen."""

    def __init__(self, screen: "Screen", journal: "Journal", publisher: "Publisher", client: "Client") -> None:
        self._screen = screen
        self._journal = journal
        self._publisher = publisher
        self._client = client

    def require_room(self) -> None:
        """Raise Unavailable "journal.full" when the scale says it is full: what is said and what is done must agree."""
        if self._journal.state == FULL:
            raise Unavailable(WARNINGS[FULL])

    def show(self) -> None:
        """Bring the screen up to date."""
        warning = WARNINGS.get(self._journal.state, "")
        self._screen.storage(self._client.is_online, self._publisher.pending > 0, warning)
