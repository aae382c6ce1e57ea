"""What an operator decides about one cloud: ``cloud.toml`` in its directory, read once, passed down.

Why no defaults in the code: the file that ``chengxin cloud init`` writes shows every choice with its unit and reason,
and a misspelt key stops the program instead of being ignored.
"""

import os
import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

from tracewire.errors import Misuse

TEMPLATE = """\
# Where gateways deliver, over mutual TLS. Bind an address that gateways reach.
ingest_host = "127.0.0.1"
ingest_port = {ingest_port}

# Trace pages, ledger export, health and metrics in plain HTTP; a reverse proxy in front adds TLS.
public_host = "127.0.0.1"
public_port = {public_port}

# Largest envelope, in bytes, both on the wire and after gzip. 8 MiB is about 40,000 sales.
max_envelope_bytes = 8388608

# A record whose time is further ahead of ours than this is kept with a note, and the gateway's time is shown instead.
clock_ahead_hours = 24

# The same for a record older than this when it reaches a gateway: longer than a scale's flash holds unsent sales.
clock_behind_days = 60

# The address that slips carry. A page that was opened under another one says so to its reader.
# public_address = "https://trace.example"

# The header in which the reverse proxy says from which city somebody asks, as a division code (350200) or a name. The
# proxy must remove what visitors send under this name. Without it, scans are counted by day only.
# visitor_city_header = "X-Visitor-City"

# Where the ledger lies: files in this directory, or a PostgreSQL database for many workers and hosts. The environment
# variable CHENGXIN_DATABASE comes before this line; a password belongs into neither but into ~/.pgpass.
# database = "postgresql+psycopg://chengxin@db.example/chengxin"
"""
"""The file as ``init`` writes it; the one place with default values."""

DATABASE_VARIABLE = "CHENGXIN_DATABASE"


@dataclass(frozen=True)
class Config:
    """The choices of ``cloud.toml``; the file itself says what each is for."""

    directory: Path
    ingest_host: str
    ingest_port: int
    public_host: str
    public_port: int
    max_envelope_bytes: int
    clock_ahead_hours: int
    clock_behind_days: int
    database: str = ""
    """URL of a PostgreSQL database; empty for SQLite files."""
    public_address: str = ""
    visitor_city_header: str = ""

    @property
    def ledger_path(self) -> Path:
        """The evidence: never dropped."""
        return self.directory / "ledger.sqlite"

    @property
    def projections_path(self) -> Path:
        """What is derived from the ledger: may be dropped at any time."""
        return self.directory / "projections.sqlite"

    @property
    def scans_path(self) -> Path:
        """How often slips were looked at: counts only, which may be lost."""
        return self.directory / "scans.sqlite"

    @property
    def accounts_path(self) -> Path:
        """Who may sign in: personal data, in no backup of the evidence."""
        return self.directory / "accounts.sqlite"


def load(directory: Path) -> Config:
    """Return the choices in ``directory/cloud.toml``; ``Misuse("config.…")`` says what is missing or misspelt."""
    path = directory / "cloud.toml"
    if not path.is_file():
        raise Misuse("config.missing", f"{path}: run `chengxin cloud init` first")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misuse("config.toml", str(error)) from error
    values = {each.name: each.default for each in fields(Config) if each.default is not MISSING} | values
    if DATABASE_VARIABLE in os.environ:
        values["database"] = os.environ[DATABASE_VARIABLE]
    expected = {field.name: field.type for field in fields(Config) if field.name != "directory"}
    for name in values.keys() | expected.keys():
        if name not in expected:
            raise Misuse("config.unknown", name)
        if name not in values or type(values[name]) is not expected[name]:
            raise Misuse("config.value", f"{name}: {getattr(expected[name], '__name__', '')} expected")
    return Config(directory=directory, **values)
