"""The stores of a cloud, wherever they lie: evidence that is never dropped, what is derived from it, and who signs in.

Why apart: the evidence is on disk before anybody is answered; what is derived may lose its last moments to a power
cut, is then made again, and need not wait for the disk; accounts are personal data, which must be erasable.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import MetaData
from tracewire.errors import Misuse

from cloud.accounts import store as accounts
from cloud.config import Config
from cloud.db.engine import Store, create_store, open_store
from cloud.db.server import create_schema, open_schema

_LEDGER, _PROJECTIONS, _ACCOUNTS = "chengxin_ledger", "chengxin_projections", "chengxin_accounts"
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


def create(config: Config, evidence: Sequence[MetaData], derived: Sequence[MetaData]) -> None:
    """Create both with these tables; ``Misuse("store.exists")`` rather than touch existing ones."""
    if config.database:
        create_schema(config.database, _LEDGER, evidence)
        create_schema(config.database, _PROJECTIONS, derived)
    else:
        create_store(config.ledger_path, evidence)
        create_store(config.projections_path, derived)


def create_accounts(config: Config) -> None:
    """Create the store of accounts, empty; ``Misuse("store.exists")`` rather than touch an existing one."""
    if config.database:
        create_schema(config.database, _ACCOUNTS, [accounts.TABLES])
    else:
        create_store(config.accounts_path, [accounts.TABLES])
        config.accounts_path.chmod(0o600)


def open_accounts(config: Config) -> Store:
    """Open the accounts; ``Misuse("store.missing")`` when neither ``init`` nor ``account init`` has made them."""
    if config.database:
        return open_schema(config.database, _ACCOUNTS, synchronous=True)
    if not config.accounts_path.exists():
        raise Misuse("store.missing", f"{config.accounts_path.name}: run `chengxin cloud account init` first")
    return open_store(config.accounts_path, synchronous="FULL")


def open_stores(config: Config) -> Stores:
    """Open both; ``Misuse("store.missing")`` when ``init`` has not made them."""
    return Stores(open_ledger(config), _open_projections(config))


def open_ledger(config: Config) -> Store:
    """Open the evidence alone; ``Misuse("store.missing")`` when ``init`` has not made it."""
    if config.database:
        return open_schema(config.database, _LEDGER, synchronous=True)
    return open_store(config.ledger_path, synchronous="FULL")


def _open_projections(config: Config) -> Store:
    if config.database:
        return open_schema(config.database, _PROJECTIONS, synchronous=False)
    return open_store(config.projections_path, synchronous="NORMAL")
