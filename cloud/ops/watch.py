"""What the pages of the fleet read from: stores, rules and places of one cloud, put together once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from cloud.db.engine import Store
from cloud.ops import places, register, rules
from cloud.ops.fleet import Fleet
from cloud.ops.register import Register
from cloud.ops.tickets import Tickets
from cloud.registry import RegistryFile
from cloud.stores import Stores


class Watch:
    """Everything that the dashboards know; callable from any thread."""

    def __init__(
        self,
        directory: Path,
        stores: Stores,
        accounts: Store,
        registry: RegistryFile,
        now_ms: Callable[[], int],
    ) -> None:
        """Read rules and places, and make the tables that are not there yet. ``Misuse`` says what is wrong."""
        register.prepare(stores.projections)
        self.rules = rules.load(directory)
        self.places = places.load(directory)
        self.fleet = Fleet(self.rules)
        self.now_ms = now_ms
        self.ledger = stores.ledger
        self.accounts = accounts
        self.tickets = Tickets(stores.projections, accounts)
        self._store = stores.projections
        self._registry = registry
        self._register = Register(stores.projections, registry)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that reads the fleet, level with registry and asset ledger."""
        self._register.refresh()
        with self._store.reader.connect() as connection:
            yield connection

    def code_base(self, name: str) -> str:
        """Return the 13 digits that a device's codes begin with; empty when it gives none."""
        credential = self._registry.current().current(name)
        return (credential.code_base or "") if credential else ""
