"""What enrolment told this handheld, read once at boot from ``config.cbor``: the keys that every device has.

A handheld neither weighs nor prints, so the keys of a scale are absent, and one that is present stops the boot: this is
then not a handheld's flash.
"""

from device.config import FILE
from tracewire import cbor, topics
from tracewire.errors import Misuse, Rejected

_FIELDS = (
    (1, "name", str),  # device name: its topics, its TLS certificate
    (2, "gateway_host", str),
    (3, "gateway_port", int),
    (4, "gateway_tls_name", str),  # must be in the gateway's certificate
    (9, "keepers", list),  # [[level, point of 65 bytes], ...]: whose receipts count, and whose marks (level 2)
    (14, "journal_bytes", int),
)


class Settings:
    """name, gateway_host, gateway_port, gateway_tls_name, keepers ((level, point), …), journal_bytes."""

    def __init__(self, values: "dict[int, object]") -> None:
        """Take the decoded map; ``Misuse("config.…")`` names the first field that is missing or wrong."""
        for key, name, kind in _FIELDS:
            value = values.get(key)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise Misuse("config." + name, "key %d is missing or of the wrong type" % key)
            setattr(self, name, value)
        if len(values) != len(_FIELDS):
            raise Misuse("config.unknown", "a key that a handheld does not know")
        self._check()
        self.keepers = tuple([(level, point) for level, point in self.keepers])

    def _check(self) -> None:
        checks = (
            ("name", topics.is_name(self.name)),
            ("gateway_port", 0 < self.gateway_port < 65536),
            ("keepers", len(self.keepers) > 0 and all([_is_keeper(entry) for entry in self.keepers])),
            ("journal_bytes", self.journal_bytes >= 32768),
        )
        for name, holds in checks:
            if not holds:
                raise Misuse("config." + name, "out of bounds")


def load(root: str) -> Settings:
    """Read the configuration under ``root``; ``Misuse`` says why it cannot be used. Never written but by enrolment."""
    try:
        with open(root + "/" + FILE, "rb") as stream:
            values = cbor.decode(stream.read())
    except OSError:
        raise Misuse("config.absent", "this device is not enrolled")
    except Rejected as refusal:
        raise Misuse("config.broken", refusal.code)
    if not isinstance(values, dict):
        raise Misuse("config.broken", "not a map")
    return Settings(values)


def _is_keeper(entry: object) -> bool:
    if not isinstance(entry, list) or len(entry) != 2 or entry[0] not in (1, 2) or not isinstance(entry[1], bytes):
        return False
    return len(entry[1]) == 65 and entry[1][0] == 4
