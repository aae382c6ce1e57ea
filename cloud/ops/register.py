"""Which devices there should be: the registry and the asset ledger as rows beside the fleet's, for one query over both.

Why a copy: a scale that never spoke is in no record, and it is the first that ops people must see. The copy lies with
the projections, is made anew when registry or asset ledger have changed, and may be dropped like them.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, String, Table, delete, func, insert, select
from tracewire.credential import Credential

from cloud.db.bulk import insert_rows
from cloud.db.engine import Store
from cloud.ops import assets
from cloud.registry import RegistryFile

TABLES = MetaData()

WATCHED_ROLES = ("scale", "rail", "terminal", "handheld")
"""Devices that beat: a farm's node and a gateway do not send health records."""

register = Table(
    "ops_register",
    TABLES,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("state", String, nullable=False),  # of its newest key
    Column("division", String, nullable=False),  # GB/T 2260, six digits; empty without a code base
    Column("site", String, nullable=False),
    Column("stall", String, nullable=False),
    Column("seller", String, nullable=False),
    Column("holder", String),  # who answers for it: asset ledger 挂账
    Column("held_since_ms", BigInteger),
    Column("verified_until_ms", BigInteger),
)

_mark = Table(
    "ops_register_mark",
    TABLES,
    Column("registry_serial", BigInteger, nullable=False),
    Column("asset_entry", BigInteger, nullable=False),
)

_ADD = insert(register)


class Register:
    """Keeps the copy; ``refresh`` costs two small queries while nothing has changed."""

    def __init__(self, store: Store, registry: RegistryFile) -> None:
        self._store = store
        self._registry = registry

    def refresh(self) -> None:
        """Make the copy level with registry and asset ledger; ``Unavailable("registry.…")`` without a registry."""
        registry = self._registry.current().registry
        with self._store.reader.connect() as connection:
            level = (registry.serial, assets.newest_entry(connection))
            if self._is_level(level):
                return
            held = assets.current(connection)
        names = {each.name: each for each in registry.credentials if each.role in WATCHED_ROLES}
        rows = [_row(credential, held.get(name)) for name, credential in names.items()]
        with self._store.alone("register") as connection:
            connection.execute(delete(register))
            insert_rows(connection, _ADD, rows)
            connection.execute(delete(_mark))
            connection.execute(insert(_mark), {"registry_serial": level[0], "asset_entry": level[1]})

    def _is_level(self, level: tuple[int, int]) -> bool:
        with self._store.reader.connect() as connection:
            mark = connection.execute(select(_mark)).first()
        return mark is not None and tuple(mark) == level


def prepare(store: Store) -> None:
    """Create the tables where projections are older than they; harmless otherwise."""
    with store.alone() as connection:
        TABLES.create_all(connection)


def size(connection: Any) -> int:
    """Return how many devices there should be."""
    counted: int = connection.execute(select(func.count()).select_from(register)).scalar_one()
    return counted


def _row(credential: Credential, asset: assets.Asset | None) -> dict[str, object]:
    return {
        "name": credential.name,
        "role": credential.role,
        "state": credential.state,
        "division": (credential.code_base or "")[:6],
        "site": credential.site or "",
        "stall": credential.stall or "",
        "seller": credential.seller or "",
        "holder": asset.holder if asset else None,
        "held_since_ms": asset.since_ms if asset else None,
        "verified_until_ms": asset.verified_until_ms if asset else None,
    }
