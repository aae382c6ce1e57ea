"""Where an authority keeps its files, and the clock unit they carry.

Public files lie at the top and may be copied anywhere; ``private`` stays on this machine; ``offline-root`` is carried
away after ``init`` and nothing here reads it.
"""

from datetime import datetime
from pathlib import Path

from tracewire.errors import Misuse

PUBLIC_FILES = ("root.point", "root_cert.pem", "registry.cose", "crl.pem", "device_ca.pem", "server_ca.pem")
"""What gateway, cloud and outsiders read."""


class Layout:
    """The paths of one authority."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.offline_root = directory / "offline-root"
        self.private = directory / "private"
        self.root_certificate = directory / "root_cert.pem"
        self.root_point = directory / "root.point"
        self.device_ca = directory / "device_ca.pem"
        self.server_ca = directory / "server_ca.pem"
        self.crl = directory / "crl.pem"
        self.registry = directory / "registry.cose"
        self.history = directory / "history.jsonl"
        self.device_ca_key = self.private / "device_ca_key.pem"
        self.server_ca_key = self.private / "server_ca_key.pem"
        self.registry_key = self.private / "registry.key"
        self.voucher = self.private / "voucher.cose"
        self.unlock_key = self.private / "unlock.key"
        self.card_keys = self.private / "card_keys.sealed"
        self.cards = self.private / "cards.jsonl"
        self.release_points = directory / "release-points"
        self.lock = self.private / "lock"


def existing(directory: Path) -> Layout:
    """Return the layout of an authority that is there; ``Misuse`` when it is not, so a typo founds no second one."""
    files = Layout(directory)
    if not files.history.is_file():
        raise Misuse("ca.missing", f"there is no authority in {directory}; make one with: chengxin ca init")
    return files


def milliseconds(moment: datetime) -> int:
    """Return Unix milliseconds of an aware ``moment``."""
    return int(moment.timestamp() * 1000)
