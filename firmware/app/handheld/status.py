"""What is always on the screen: position, link, records without receipt, and a warning long before flash is full."""

import asyncio

from device.health import WARNINGS
from device.journal import WORN_OUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from device.journal import Journal
    from device.mqtt import Client
    from device.publisher import Publisher

    from handheld.screens import Screen
    from handheld.whereabouts import Whereabouts

PERIOD_MS = 500


class Status:
    """Asks receiver, journal, publisher and client, and tells the screen; ``run`` is an endless task."""

    def __init__(
        self,
        screen: "Screen",
        whereabouts: "Whereabouts",
        journal: "Journal",
        publisher: "Publisher",
        client: "Client",
        progress: "Callable[[str], None]",
    ) -> None:
        self._screen = screen
        self._whereabouts = whereabouts
        self._journal = journal
        self._publisher = publisher
        self._client = client
        self._progress = progress

    def show(self) -> None:
        """Bring the screen up to date."""
        self._screen.place(self._whereabouts.words())
        warning = WARNINGS.get(self._journal.state, "")
        self._screen.storage(self._client.is_online, self._publisher.pending > 0, warning)

    async def run(self) -> None:
        """Show for ever, and tell the watchdog that all goes on."""
        while True:
            self.show()
            self._progress("status")
            if self._journal.state != WORN_OUT:
                self._progress("journal")
            await asyncio.sleep_ms(PERIOD_MS)
