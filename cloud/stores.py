"""The stores of a cloud, wherever they lie: evidence that is never dropped, what is derived from it, and who signs in.

Why apart: the evidence is on disk before anybody is answered; what is derived may lose its last moments to a power
cut, is then made again, and need not wait for the disk; accounts are personal data, which must be erasable.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from tracewire.errors import Misuse

from cloud.accounts.schema import REVISIONS as ACCOUNT_REVISIONS
from cloud.config import Config
from cloud.db.engine import Store, create_store, migrate_store, open_store
from cloud.db.schema import Schema
from cloud.db.server import create_schema, migrate_schema, open_schema
from cloud.ledger.schema import REVISIONS
from cloud.projection_schema import DerivedSchema
from cloud.trace.scans import ScanSchema

LEDGER, PROJECTIONS, ACCOUNTS = "chengxin_ledger", "chengxin_projections", "chengxin_accounts"
SCANS = "chengxin_scans"
"""Schemas, where the stores are a PostgreSQL database."""


@dataclass(frozen=True)
class Stores:
    """Evidence and what is derived from it, open."""

    ledger: Store
    projections: Store

    def close(self) -> None:
        """Give back every connection."""
        self.ledger.close()
        self.projections.close()


def create(config: Config, derived: DerivedSchema) -> None:
    """Create both; ``Misuse("store.exists")`` rather than touch existing ones."""
    if config.database:
        create_schema(config.database, LEDGER, REVISIONS)
        create_schema(config.database, PROJECTIONS, derived)
    else:
        create_store(config.ledger_path, REVISIONS)
        create_store(config.projections_path, derived)


def create_accounts(config: Config) -> None:
    """Create the store of accounts, empty; ``Misuse("store.exists")`` rather than touch an existing one."""
    if config.database:
        create_schema(config.database, ACCOUNTS, ACCOUNT_REVISIONS)
    else:
        create_store(config.accounts_path, ACCOUNT_REVISIONS)
        config.accounts_path.chmod(0o600)


def open_accounts(config: Config) -> Store:
    """Open the accounts; ``Misuse("store.missing")`` when neither ``init`` nor ``account init`` has made them."""
    if config.database:
        return open_schema(config.database, ACCOUNTS, ACCOUNT_REVISIONS, synchronous=True)
    if not config.accounts_path.exists():
        raise Misuse("store.missing", f"{config.accounts_path.name}: run `chengxin cloud account init` first")
    return open_store(config.accounts_path, ACCOUNT_REVISIONS, synchronous="FULL")


def open_scans(config: Config) -> Store:
    """Open the counts of scans, made when they are missing: nothing depends on them."""
    schema = ScanSchema()
    with contextlib.suppress(Misuse):  # "store.exists"
        if config.database:
            create_schema(config.database, SCANS, schema)
        else:
            create_store(config.scans_path, schema)
    if config.database:
        return open_schema(config.database, SCANS, schema, synchronous=False)
    return open_store(config.scans_path, schema, synchronous="NORMAL")


def migrate(config: Config, derived: DerivedSchema) -> tuple[Sequence[str], Sequence[str]]:
    """Bring all to this program's tables; return the revisions taken, and the projections that are now empty.

    ``Misuse("store.missing")`` when ``init`` has not made them; accounts may be missing, as ``account init`` makes them
    later. Each store is a transaction of its own: after a crash, run it again.
    """
    taken = [f"ledger {revision}" for revision in _migrate(config, LEDGER, REVISIONS)]
    try:
        taken += [f"accounts {revision}" for revision in _migrate(config, ACCOUNTS, ACCOUNT_REVISIONS)]
    except Misuse as absence:
        if absence.code != "store.missing":
            raise
    return taken, _migrate(config, PROJECTIONS, derived)


def _migrate(config: Config, name: str, schema: Schema) -> Sequence[str]:
    if config.database:
        return migrate_schema(config.database, name, schema)
    paths = {LEDGER: config.ledger_path, PROJECTIONS: config.projections_path, ACCOUNTS: config.accounts_path}
    return migrate_store(paths[name], schema)


def open_both(config: Config, derived: DerivedSchema) -> Stores:
    """Open both; ``Misuse("store.missing")`` when ``init`` has not made them, ``"store.version"`` before ``migrate``.

    Projections that the store has never had are created: there is nothing that could be lost.
    """
    stores = Stores(open_ledger(config), open_projections(config, derived))
    derived.add_missing(stores.projections)
    return stores


def open_ledger(config: Config) -> Store:
    """Open the evidence alone; ``Misuse`` as ``open_both`` says."""
    if config.database:
        return open_schema(config.database, LEDGER, REVISIONS, synchronous=True)
    return open_store(config.ledger_path, REVISIONS, synchronous="FULL")


def open_projections(config: Config, derived: DerivedSchema) -> Store:
    """Open what is derived alone; ``Misuse`` as ``open_both`` says."""
    if config.database:
        return open_schema(config.database, PROJECTIONS, derived, synchronous=False)
    return open_store(config.projections_path, derived, synchronous="NORMAL")
