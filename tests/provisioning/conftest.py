"""An authority in a temporary directory, and the moment at which everything happens."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning import ca

PASSPHRASE = b"seven carp in a pond"


@pytest.fixture
def now() -> datetime:
    """The present: certificates are checked against the real clock."""
    return datetime.now(UTC)


@pytest.fixture
def authority(tmp_path: Path, now: datetime) -> Path:
    """Directory of a freshly founded authority."""
    directory = tmp_path / "CA"
    ca.init(directory, "厦门第八市场", PASSPHRASE, now)
    return directory
